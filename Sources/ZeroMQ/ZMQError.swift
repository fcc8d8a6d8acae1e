import CZeroMQ
import Glibc

/// A failed libzmq call: which one, and the errno that it left.
public struct ZMQError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The libzmq function, e.g. `zmq_bind`.
  public let call: String
  /// The errno, system's or libzmq's own (`ETERM`, `EFSM`, …).
  public let code: Int32

  public init(call: String, code: Int32) {
    self.call = call
    self.code = code
  }

  /// libzmq's text for the code, with what to do about the common ones.
  public var description: String {
    let text = String(cString: zmq_strerror(code))
    switch code {
    case EADDRINUSE: return "\(call): \(text); choose another port, or `*` for any free one"
    case EADDRNOTAVAIL, ENODEV: return "\(call): \(text); bind to an address of this machine"
    case EPROTONOSUPPORT, EINVAL:
      return "\(call): \(text); an endpoint looks like tcp://127.0.0.1:5555 or ipc:///run/x.sock"
    case ECONNREFUSED:
      return "\(call): \(text); a CURVE server needs Context.authenticate first"
    default: return "\(call): \(text)"
    }
  }

  /// What the call that just failed on this thread left behind.
  static func last(_ call: StaticString) -> ZMQError {
    ZMQError(call: "\(call)", code: zmq_errno())
  }

  /// A CURVE server whose clients nobody would be asked about.
  static func unauthenticated(_ call: StaticString) -> ZMQError {
    ZMQError(call: "\(call)", code: ECONNREFUSED)
  }

  /// An endpoint or loop that was shut down already.
  static func closed(_ call: StaticString) -> ZMQError {
    ZMQError(call: "\(call)", code: ENOTSOCK)
  }
}
