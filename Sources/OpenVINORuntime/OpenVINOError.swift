/// Why OpenVINO could not be opened, or could not compile or run a model.
public struct OpenVINOError: Error, Hashable, CustomStringConvertible {
  public enum Code: String, Sendable, Hashable {
    /// No OpenVINO library was found.
    case missing = "openvino_missing"
    /// A library was found that cannot be used.
    case incompatible = "openvino_incompatible"
    /// The model cannot be read or compiled.
    case model = "openvino_model"
    /// An input is absent, unknown, or of another shape or element type.
    case input = "openvino_input"
    /// The run failed.
    case inference = "openvino_inference"
  }
  public let code: Code
  public let message: String

  public init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  public var description: String { message }
}
