/// Why a vocabulary could not be found, read or extended.
public struct VocabularyError: Error, Sendable, Equatable, CustomStringConvertible {
  /// Stable over versions; to be matched by programs.
  public enum Code: String, Sendable {
    /// No folder with `vocab/` and `prompts/` was found.
    case notFound = "vocabulary_not_found"
    /// A file or folder could not be read or written.
    case unreadable = "vocabulary_unreadable"
    /// The data break a rule; ``VocabularyError/findings`` say which.
    case invalid = "vocabulary_invalid"
  }

  public let code: Code
  /// What is wrong, and what to do.
  public let message: String
  /// Every broken rule, with file and entry.
  public let findings: [Finding]

  public init(_ code: Code, _ message: String, findings: [Finding] = []) {
    self.code = code
    self.message = message
    self.findings = findings
  }

  public var description: String {
    ([message] + findings.prefix(20).map { "  \($0)" }
      + (findings.count > 20 ? ["  … and \(findings.count - 20) more"] : []))
      .joined(separator: "\n")
  }
}
