/// Why a description was not written.
public struct DescribeError: Error, Sendable, Equatable, CustomStringConvertible {
  /// Stable over versions.
  public enum Code: String, Sendable {
    /// No entry of `vocab/` has this id: it must be there first.
    case unknownCategory = "unknown_category"
    /// There is a description, and it was not asked to be replaced.
    case exists = "description_exists"
    /// The template lacks a section or has a placeholder that nothing fills.
    case badTemplate = "bad_template"
    /// The address is no http or https URL.
    case badEndpoint = "bad_endpoint"
    case unreachable = "endpoint_unreachable"
    case timedOut = "endpoint_timed_out"
    /// The endpoint answered with an HTTP status other than 200.
    case refused = "endpoint_refused"
    /// What came is no chat completion, or its text breaks the rules of a description.
    case badAnswer = "bad_answer"
    /// A file could not be read or written.
    case files = "files"
  }

  public let code: Code
  /// What is wrong, and what to do.
  public let message: String
  /// For `badAnswer`: each broken rule.
  public let faults: [String]

  public init(_ code: Code, _ message: String, faults: [String] = []) {
    self.code = code
    self.message = message
    self.faults = faults
  }

  public var description: String {
    ([message] + faults.map { "  \($0)" }).joined(separator: "\n")
  }
}
