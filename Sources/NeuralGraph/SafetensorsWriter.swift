import Foundation

extension Safetensors {
  /// Writes tensors to a file, names in order, replacing it at once by renaming.
  ///
  /// - Parameters:
  ///   - tensors: shape and values by name.
  ///   - type: `.f32`, `.f16` or `.bf16`; rounding is to nearest even.
  /// - Throws: `SafetensorsError` `.format` if values do not fill a shape, `.type` for another
  ///   type or for a number too large for it, `.file` if the file cannot be written.
  public static func write(
    _ tensors: [String: (shape: [Int], values: [Float])], dtype type: DataType = .f32,
    metadata: [String: String] = [:], to path: String
  ) throws(SafetensorsError) {
    let bytes = try encode(tensors, dtype: type, metadata: metadata)
    let temporary = "\(path).\(UUID().uuidString).tmp"
    do {
      try bytes.write(to: URL(fileURLWithPath: temporary))
    } catch {
      try? FileManager.default.removeItem(atPath: temporary)
      throw SafetensorsError(.file, "\(path) cannot be written: \(error.localizedDescription)")
    }
    guard rename(temporary, path) == 0 else {
      let reason = String(cString: strerror(errno))
      try? FileManager.default.removeItem(atPath: temporary)
      throw SafetensorsError(.file, "\(path) cannot be replaced: \(reason)")
    }
  }

  static func encode(
    _ tensors: [String: (shape: [Int], values: [Float])], dtype type: DataType,
    metadata: [String: String]
  ) throws(SafetensorsError) -> Data {
    for (name, tensor) in tensors {
      guard try count(tensor.shape, of: name) == tensor.values.count else {
        throw unfilled(name, tensor.shape, tensor.values.count)
      }
    }
    var bytes = try header(tensors.mapValues(\.shape), dtype: type, metadata: metadata)
    for (name, tensor) in tensors.sorted(by: { $0.key < $1.key }) {
      try append(tensor.values, of: name, as: type, to: &bytes)
    }
    return bytes
  }

  /// The header with its length; the tensors follow in the order of their names.
  static func header(
    _ shapes: [String: [Int]], dtype type: DataType, metadata: [String: String]
  ) throws(SafetensorsError) -> Data {
    guard [.f32, .f16, .bf16].contains(type) else {
      throw SafetensorsError(.type, "floats are not written as \(type.rawValue)")
    }
    var members: [String] = []
    if !metadata.isEmpty {
      let pairs = metadata.sorted { $0.key < $1.key }.map { "\(quote($0.key)):\(quote($0.value))" }
      members.append("\"__metadata__\":{\(pairs.joined(separator: ","))}")
    }
    var offset = 0
    for (name, extents) in shapes.sorted(by: { $0.key < $1.key }) {
      let end = offset + (try count(extents, of: name)) * type.size
      let shape = extents.map(String.init).joined(separator: ",")
      members.append(
        "\(quote(name)):{\"dtype\":\"\(type.rawValue)\",\"shape\":[\(shape)],"
          + "\"data_offsets\":[\(offset),\(end)]}")
      offset = end
    }
    var header = Data("{\(members.joined(separator: ","))}".utf8)
    // Spaces up to a multiple of eight: the data begin aligned.
    header.append(contentsOf: repeatElement(32, count: (8 - header.count % 8) % 8))
    var bytes = Data(capacity: 8 + header.count)
    withUnsafeBytes(of: UInt64(header.count).littleEndian) { bytes.append(contentsOf: $0) }
    bytes.append(header)
    return bytes
  }

  /// The product of a shape that may be written under this name.
  private static func count(_ shape: [Int], of name: String) throws(SafetensorsError) -> Int {
    guard name != "__metadata__", shape.count <= maximumRank, shape.allSatisfy({ $0 >= 0 }) else {
      throw unfilled(name, shape, 0)
    }
    return shape.reduce(1, *)
  }

  static func unfilled(_ name: String, _ shape: [Int], _ count: Int) -> SafetensorsError {
    SafetensorsError(.format, "\(count) values do not fill \"\(name)\" \(shape)")
  }

  static func append(
    _ values: [Float], of name: String, as type: DataType, to bytes: inout Data
  ) throws(SafetensorsError) {
    switch type {
    case .f32:
      values.map(\.bitPattern.littleEndian).withUnsafeBytes { bytes.append(contentsOf: $0) }
    case .f16:
      if let large = values.first(where: { $0.isFinite && $0.magnitude >= 65520 }) {
        throw SafetensorsError(.type, "\"\(name)\" has \(large), too large for half precision")
      }
      values.map { HalfPrecision.float16($0).littleEndian }
        .withUnsafeBytes { bytes.append(contentsOf: $0) }
    default:
      values.map { HalfPrecision.bfloat16($0).littleEndian }
        .withUnsafeBytes { bytes.append(contentsOf: $0) }
    }
  }

  private static func quote(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case let low where low.value < 32:
        let digits = String(low.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
