/// Why the health endpoint does not serve.
public struct TelemetryError: Error, Sendable, Hashable, CustomStringConvertible {
  public enum Code: String, Sendable, Hashable, CaseIterable {
    /// Not `host:port` with an address literal, or not an address of this machine.
    case badAddress = "bad_address"
    /// Another program, or another server of this one, listens there.
    case addressInUse = "address_in_use"
    /// The system refused for another reason; the message has its text.
    case bindFailed = "bind_failed"
    /// `start` a second time without a `stop`.
    case alreadyStarted = "already_started"
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
