import Foundation

/// A safetensors file, mapped into memory and checked as a whole when it is opened.
///
/// Nothing that a file says can lead outside it: the header's length, every offset, size and shape
/// are checked, and the tensors must fill the data without gap or overlap.
public struct SafetensorsFile: Sendable {
  public let path: String
  /// What the header says of each tensor.
  public let entries: [String: Safetensors.Entry]
  public let metadata: [String: String]
  private let contents: Data
  private let dataStart: Int

  /// Opens a file.
  ///
  /// The file is mapped, not read: who replaces it must do so by renaming, as `Safetensors.write`
  /// does.
  ///
  /// - Throws: `SafetensorsError` `.file` or `.format`.
  public init(path: String) throws(SafetensorsError) {
    let contents: Data
    do {
      contents = try Data(contentsOf: URL(fileURLWithPath: path), options: .mappedIfSafe)
    } catch {
      throw SafetensorsError(.file, "\(path) cannot be read: \(error.localizedDescription)")
    }
    do {
      try self.init(contents, path: path)
    } catch {
      throw SafetensorsError(error.code, "\(path): \(error.message)")
    }
  }

  /// Reads a file that lies in memory.
  public init(bytes: [UInt8]) throws(SafetensorsError) {
    try self.init(Data(bytes), path: "")
  }

  private init(_ contents: Data, path: String) throws(SafetensorsError) {
    guard contents.count >= 8 else {
      throw SafetensorsError(.format, "\(contents.count) bytes are too few for safetensors")
    }
    let length = contents.prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard length <= UInt64(contents.count - 8), length <= UInt64(Safetensors.maximumHeader) else {
      throw SafetensorsError(
        .format, "the header's length is \(length), the file has \(contents.count) bytes")
    }
    let dataStart = 8 + Int(length)
    let parsed = contents.withUnsafeBytes { bytes -> Result<SafetensorsHeader, SafetensorsError> in
      Result { () throws(SafetensorsError) in
        try SafetensorsHeader.parse(
          UnsafeRawBufferPointer(rebasing: bytes[8..<dataStart]),
          dataSize: bytes.count - dataStart)
      }
    }
    let header = try parsed.get()
    self.path = path
    self.entries = header.entries
    self.metadata = header.metadata
    self.contents = contents
    self.dataStart = dataStart
  }

  /// The names of the tensors, in order.
  public var names: [String] { entries.keys.sorted() }

  /// All tensors, by name.
  ///
  /// - Throws: `SafetensorsError` `.type` if one holds integers.
  public func allFloats() throws(SafetensorsError) -> [String: (shape: [Int], values: [Float])] {
    var all: [String: (shape: [Int], values: [Float])] = [:]
    for name in names { all[name] = try floats(name) }
    return all
  }

  /// A tensor of floating-point numbers, widened or narrowed to 32 bits.
  ///
  /// - Throws: `SafetensorsError` `.missing`, or `.type` if it holds integers.
  public func floats(_ name: String) throws(SafetensorsError) -> (shape: [Int], values: [Float]) {
    let entry = try entry(name)
    let values: [Float]? =
      switch entry.type {
      case .f32: plainFloats(entry)
      case .f16: decode(entry, UInt16.self) { HalfPrecision.float(float16: $0) }
      case .bf16: decode(entry, UInt16.self) { Float(bitPattern: UInt32($0) << 16) }
      case .f64: decode(entry, UInt64.self) { Float(Double(bitPattern: $0)) }
      default: nil
      }
    guard let values else {
      throw SafetensorsError(.type, "tensor \"\(name)\" holds \(entry.type.rawValue), not floats")
    }
    return (entry.shape, values)
  }

  /// Some rows of a large matrix `[rows, columns]` of floats, without reading the others.
  ///
  /// - Returns: the rows one after the other, `[indices.count, columns]`.
  /// - Throws: `SafetensorsError` `.missing`, `.type`, or `.format` if it has no such row.
  public func rows(_ name: String, _ indices: [Int]) throws(SafetensorsError) -> [Float] {
    let entry = try entry(name)
    guard entry.type == .f32 || entry.type == .f16 || entry.type == .bf16 else {
      throw SafetensorsError(.type, "tensor \"\(name)\" holds \(entry.type.rawValue), not floats")
    }
    guard entry.shape.count == 2, indices.allSatisfy({ (0..<entry.shape[0]).contains($0) }) else {
      throw SafetensorsError(.format, "tensor \"\(name)\" \(entry.shape) has no such rows")
    }
    let width = entry.shape[1] * entry.type.size
    return indices.flatMap { index in
      let start = entry.range.lowerBound + index * width
      let row = Safetensors.Entry(
        type: entry.type, shape: [entry.shape[1]], range: start..<start + width)
      switch row.type {
      case .f16: return decode(row, UInt16.self) { HalfPrecision.float(float16: $0) }
      case .bf16: return decode(row, UInt16.self) { Float(bitPattern: UInt32($0) << 16) }
      default: return plainFloats(row)
      }
    }
  }

  /// A tensor of integers or truth values, as 64-bit integers.
  ///
  /// - Throws: `SafetensorsError` `.missing`, or `.type` if it holds floats or what does not fit.
  public func integers(
    _ name: String
  ) throws(SafetensorsError) -> (shape: [Int], values: [Int64]) {
    let entry = try entry(name)
    let values: [Int64]? =
      switch entry.type {
      case .i64: decode(entry, UInt64.self) { Int64(bitPattern: $0) }
      case .i32: decode(entry, UInt32.self) { Int64(Int32(bitPattern: $0)) }
      case .i16: decode(entry, UInt16.self) { Int64(Int16(bitPattern: $0)) }
      case .i8: decode(entry, UInt8.self) { Int64(Int8(bitPattern: $0)) }
      case .u32: decode(entry, UInt32.self) { Int64($0) }
      case .u16: decode(entry, UInt16.self) { Int64($0) }
      case .u8, .bool: decode(entry, UInt8.self) { Int64($0) }
      default: nil
      }
    guard let values else {
      throw SafetensorsError(
        .type, "tensor \"\(name)\" holds \(entry.type.rawValue), not integers of 63 bits")
    }
    return (entry.shape, values)
  }

  private func entry(_ name: String) throws(SafetensorsError) -> Safetensors.Entry {
    guard let entry = entries[name] else {
      throw SafetensorsError(.missing, "\(path) has no tensor \"\(name)\"")
    }
    return entry
  }

  /// 32-bit floats as they lie: the large weights of a network, copied in one go.
  private func plainFloats(_ entry: Safetensors.Entry) -> [Float] {
    #if _endian(big)
      return decode(entry, UInt32.self) { Float(bitPattern: $0) }
    #else
      return contents.withUnsafeBytes { bytes in
        let start = dataStart + entry.range.lowerBound
        return [Float](unsafeUninitializedCapacity: entry.count) { buffer, count in
          UnsafeMutableRawBufferPointer(buffer).copyMemory(
            from: UnsafeRawBufferPointer(rebasing: bytes[start..<start + entry.range.count]))
          count = entry.count
        }
      }
    #endif
  }

  private func decode<Raw: FixedWidthInteger, Value>(
    _ entry: Safetensors.Entry, _: Raw.Type, _ value: (Raw) -> Value
  ) -> [Value] {
    contents.withUnsafeBytes { bytes in
      let start = dataStart + entry.range.lowerBound
      return [Value](unsafeUninitializedCapacity: entry.count) { buffer, count in
        for i in 0..<entry.count {
          let raw = bytes.loadUnaligned(
            fromByteOffset: start + i * MemoryLayout<Raw>.size, as: Raw.self)
          buffer.initializeElement(at: i, to: value(Raw(littleEndian: raw)))
        }
        count = entry.count
      }
    }
  }
}
