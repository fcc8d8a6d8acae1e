/// Why the journal could not do what it was asked. Nothing of the call is done then, and the journal
/// stays usable: the next call simply tries again.
public struct JournalError: Error, Sendable, CustomStringConvertible {
  public enum Code: String, Sendable, Hashable, CaseIterable {
    /// No room, on the disk or under one of the limits. The same call can succeed later.
    case full
    /// Another server has the folder, or another program is in the midst of a change.
    case locked
    /// The file is damaged. It is left as it is.
    case corrupt
    /// The file was written by a newer version. It is left as it is.
    case newer
    /// Anything else: no permission, a read-only disk, a closed journal, …
    case failed
  }

  public var code: Code
  /// What is wrong, with which file, and what to do.
  public var message: String
  public var cause: (any Error)?

  public init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
    self.code = code
    self.message = message
    self.cause = cause
  }

  public var description: String {
    cause.map { "\(code.rawValue): \(message) (\($0))" } ?? "\(code.rawValue): \(message)"
  }
}
