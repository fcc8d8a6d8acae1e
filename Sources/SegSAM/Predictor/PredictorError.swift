/// Why a query could not be answered.
public struct PredictorError: Error, Hashable, CustomStringConvertible {
  public enum Code: String, Sendable, Hashable {
    /// A query, box or click does not fit the image or the vocabulary.
    case invalidQuery = "invalid_query"
    /// The network could not be run.
    case inference
  }
  public let code: Code
  public let message: String
  public init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }
  public var description: String { message }
}
