public import BusProtocol
public import ZeroMQ

/// Why a request has no result.
public enum ClientError: Error, Sendable, Hashable {
  /// The server answered with an error.
  case refused(ProtocolError)
  /// No final reply came in time, or no sign of life over all tries: the server is away, slower than
  /// the time-out, or lets this client's key not in. The request may still be answered: the same id
  /// with the same content asks again.
  case timedOut(after: Duration)
  /// The task that waited was cancelled; the server has been asked to cancel too, unless the request
  /// is durable.
  case cancelled
  /// Too much is on its way already: wait for replies before sending more.
  case overloaded
  /// The client was closed.
  case closed
  /// libzmq refused the endpoint or an option.
  case connection(ZMQError)
  /// What came back is not of this protocol.
  case malformedReply(String)

  /// A stable name: the server's own code, or one of the client's.
  public var code: String {
    switch self {
    case .refused(let error): error.code.rawValue
    case .timedOut: "timed_out"
    case .cancelled: "cancelled_here"
    case .overloaded: "overloaded"
    case .closed: "closed"
    case .connection: "connection"
    case .malformedReply: "malformed_reply"
    }
  }
}

extension ClientError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .refused(let error): error.description
    case .timedOut(let time):
      "no reply within \(time): is the server running at this endpoint, with these keys if any?"
    case .cancelled: "the waiting task was cancelled"
    case .overloaded: "too many requests or bytes are on their way: wait for replies"
    case .closed: "the client is closed"
    case .connection(let error): error.description
    case .malformedReply(let message): "the reply is not of segsam/1: \(message)"
    }
  }
}
