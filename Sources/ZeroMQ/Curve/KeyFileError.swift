/// Why a file of keys was not read or written. Messages tell the file and what to do, no keys.
public struct KeyFileError: Error, Sendable, Hashable, CustomStringConvertible {
  public enum Code: String, Sendable, Hashable, CaseIterable {
    case unreadable, unwritable
    /// Others can read or write what they must not.
    case exposed
    /// Not of the format; the message tells the line.
    case malformed
    /// There is a file already, and it is not overwritten.
    case exists
  }

  public var code: Code
  public var message: String

  public init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  public var description: String { "\(code.rawValue): \(message)" }
}
