/// An input or an output of a compiled model.
public struct Port: Sendable, Hashable {
  public enum Element: Sendable, Hashable, CustomStringConvertible {
    case float32, int32, int64, uint8, boolean
    /// A type that this module does not carry, by OpenVINO's number.
    case other(Int)

    public var description: String {
      switch self {
      case .float32: "float32"
      case .int32: "int32"
      case .int64: "int64"
      case .uint8: "uint8"
      case .boolean: "boolean"
      case .other(let number): "element type \(number)"
      }
    }
  }
  public let name: String
  /// The extents; nil where the model leaves them open.
  public let shape: [Int]?
  public let element: Element
}
