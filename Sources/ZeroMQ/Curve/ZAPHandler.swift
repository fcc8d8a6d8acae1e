import CZeroMQ
import Foundation

/// Answers the ZAP requests of a context's server sockets, on a thread of its own that ends with
/// the context.
// Made by one thread and then used by the handler's alone, which starts after.
final class ZAPHandler: @unchecked Sendable {
  private var socket: Socket?
  private let authenticator: Authenticator

  /// Where libzmq looks for it, in each context.
  static let address = "inproc://zeromq.zap.01"
  private static let limits = MessageLimits(frames: 32, bytes: 64 << 10)

  /// - Throws: `EADDRINUSE` where the context has one already.
  init(_ context: Context, _ authenticator: @escaping Authenticator) throws(ZMQError) {
    // Not one that keeps the context alive: this one waits for its end.
    let socket = try Socket(endingWith: context, .reply)
    try socket.attach(.bind(Self.address))
    self.socket = consume socket
    self.authenticator = authenticator
  }

  func start() {
    let thread = Thread { [self] in
      while answerNext() {}
      // Termination of the context waits for this.
      socket = nil
    }
    thread.name = "zmq-zap"
    thread.start()
  }

  /// - Returns: false when the context ends. Nothing else may end the handler: libzmq would let in
  ///   everybody.
  private func answerNext() -> Bool {
    do throws(ZMQError) {
      guard let message = try socket?.receive(limits: Self.limits) else { return socket != nil }
      _ = try socket?.send(ZAPReply(to: message, authenticator).message)
    } catch {
      if error.code == ETERM { return false }
      Thread.sleep(forTimeInterval: 0.01)
    }
    return true
  }
}

/// An answer as RFC 27 has it.
struct ZAPReply {
  var requestID: Frame
  var status: String, text: String
  var userID = ""

  init(to message: Message, _ authenticator: Authenticator) {
    let id = message.frames.dropFirst().first.flatMap { $0.count <= 255 ? $0 : nil }
    requestID = id ?? Frame([])
    guard let request = ZAPRequest(message) else {
      (status, text) = ("400", "malformed request")
      return
    }
    switch authenticator(request) {
    case .deny: (status, text) = ("400", "not allowed")
    case .allow(let userID) where (1...255).contains(userID.utf8.count):
      (status, text) = ("200", "OK")
      self.userID = userID
    case .allow: (status, text) = ("500", "no usable user id")
    }
  }

  /// No metadata is given.
  var message: Message {
    [
      Frame(ZAPRequest.version), requestID, Frame(status), Frame(text), Frame(userID), Frame([]),
    ]
  }
}
