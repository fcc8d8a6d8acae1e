/// Why a model could not be loaded.
public struct BundleError: Error, Hashable, CustomStringConvertible {
  public enum Code: String, Sendable, Hashable {
    /// No such model here.
    case notFound = "model_not_found"
    /// Its files do not hold what they should.
    case invalid = "model_invalid"
  }
  public let code: Code
  public let message: String
  public init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }
  public var description: String { message }
}
