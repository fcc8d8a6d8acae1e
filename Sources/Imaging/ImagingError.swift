/// Why an image could not be read, written or worked on.
public struct ImagingError: Error, Sendable, Hashable, CustomStringConvertible {
  /// Stable; programs may compare it.
  public enum Code: String, Sendable, Hashable, CaseIterable {
    /// The file is not there, or may not be opened.
    case unreadable
    /// A format, or a kind of it, that is not read here.
    case unsupported
    /// The bytes are not what they claim to be, or are cut short.
    case malformed
    /// Over a limit.
    case tooLarge = "too_large"
    case unwritable
    /// Grids or arguments that do not fit together.
    case mismatch
  }
  public var code: Code
  /// What is wrong and what to do.
  public var message: String

  public init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }
  public var description: String { "\(code.rawValue): \(message)" }
}
