/// Why a server did not start, or had to end.
public struct ServiceError: Error, Sendable, Hashable, CustomStringConvertible {
  public enum Code: String, Sendable, Hashable, CaseIterable {
    /// The address can be reached from outside, and `isInsecure` is off.
    case insecureBind = "insecure_bind"
    case badConfiguration = "bad_configuration"
    /// The address is taken, or no address.
    case bindFailed = "bind_failed"
    /// `start` or `run` a second time.
    case alreadyStarted = "already_started"
    /// The journal's folder cannot be used.
    case journal
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
