/// Writes the few forms of protocol buffers that ONNX needs.
///
/// Source: the wire format in the Protocol Buffers documentation; field numbers from `onnx.proto`.
struct ONNXProtobuf {
  private(set) var bytes: [UInt8] = []

  mutating func integer(_ field: Int, _ value: Int) {
    varint(UInt64(field) << 3)
    varint(UInt64(bitPattern: Int64(value)))
  }

  mutating func float(_ field: Int, _ value: Float) {
    varint(UInt64(field) << 3 | 5)
    withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
  }

  mutating func string(_ field: Int, _ value: String) { data(field, Array(value.utf8)) }

  mutating func data(_ field: Int, _ value: [UInt8]) {
    varint(UInt64(field) << 3 | 2)
    varint(UInt64(value.count))
    bytes.append(contentsOf: value)
  }

  mutating func message(_ field: Int, _ build: (inout ONNXProtobuf) -> Void) {
    var inner = ONNXProtobuf()
    build(&inner)
    data(field, inner.bytes)
  }

  /// Little-endian floats as bytes, copied in one go.
  mutating func floats(_ field: Int, _ values: [Float]) {
    varint(UInt64(field) << 3 | 2)
    varint(UInt64(values.count * 4))
    #if _endian(big)
      for value in values {
        withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
      }
    #else
      values.withUnsafeBytes { bytes.append(contentsOf: $0) }
    #endif
  }

  mutating func reserve(_ count: Int) { bytes.reserveCapacity(count) }

  private mutating func varint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }
}

/// An attribute of an ONNX node.
enum ONNXAttribute {
  case float(String, Float)
  case integer(String, Int)
  case integers(String, [Int])
  case string(String, String)

  func write(to message: inout ONNXProtobuf) {
    switch self {
    case .float(let name, let value):
      message.string(1, name)
      message.float(2, value)
      message.integer(20, 1)
    case .integer(let name, let value):
      message.string(1, name)
      message.integer(3, value)
      message.integer(20, 2)
    case .string(let name, let value):
      message.string(1, name)
      message.string(4, value)
      message.integer(20, 3)
    case .integers(let name, let values):
      message.string(1, name)
      for value in values { message.integer(8, value) }
      message.integer(20, 7)
    }
  }
}
