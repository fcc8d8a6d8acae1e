/// The type of a tensor's elements (protocol: Messages). Tensors are little-endian, in C order.
public enum Datatype: String, Sendable, Hashable, CaseIterable, Codable {
  case bool = "BOOL"
  case uint8 = "UINT8"
  case int16 = "INT16"
  case uint16 = "UINT16"
  case int32 = "INT32"
  case fp16 = "FP16"
  case fp32 = "FP32"
  /// A whole file: no shape, any length.
  case bytes = "BYTES"

  /// Bytes of one element; nil for `bytes`, whose frames have any length.
  public var size: Int? {
    switch self {
    case .bool, .uint8: 1
    case .int16, .uint16, .fp16: 2
    case .int32, .fp32: 4
    case .bytes: nil
    }
  }
}
