import CZeroMQ
import Glibc

/// What one message may hold once it is received; the rest of a larger one is read and dropped.
public struct MessageLimits: Sendable, Hashable {
  public var frames: Int
  public var bytes: Int
  public init(frames: Int = 1024, bytes: Int = .max) {
    self.frames = frames
    self.bytes = bytes
  }
}

extension Socket {
  /// Receives a whole message. Nil when nothing is there: at once, or after `receiveTimeout` where
  /// `isBlocking`.
  public func receive(
    isBlocking: Bool = true, limits: MessageLimits = MessageLimits()
  ) throws(ZMQError) -> Message? {
    var message = Message([])
    var bytes = 0
    var flags = isBlocking ? 0 : ZMQ_DONTWAIT
    while true {
      let frame = Frame()
      while zmq_msg_recv(frame.message, raw, flags) < 0 {
        switch zmq_errno() {
        case EINTR: continue
        case EAGAIN: return nil
        default: throw .last("zmq_msg_recv")
        }
      }
      // libzmq delivers whole messages, so the parts that follow are there already.
      flags = 0
      let hasMore = zmq_msg_more(frame.message) != 0
      if isAuthenticated && message.userID == nil { message.userID = frame.property("User-Id") }
      bytes += frame.count
      if message.frames.count < limits.frames && bytes <= limits.bytes {
        message.frames.append(frame)
      } else {
        message.isTruncated = true
      }
      if !hasMore { return message }
    }
  }

  /// Sends a whole message; the frames are shared, not copied.
  ///
  /// - Returns: false when it would have had to wait (longer than `sendTimeout` where `isBlocking`);
  ///   nothing was sent then.
  /// - Throws: `EHOSTUNREACH` where a ROUTER does not know the peer.
  public func send(_ message: Message, isBlocking: Bool = true) throws(ZMQError) -> Bool {
    for (index, frame) in message.frames.enumerated() {
      var part = zmq_msg_t()
      zmq_msg_init(&part)
      zmq_msg_copy(&part, frame.message)
      let more = index + 1 < message.frames.count ? ZMQ_SNDMORE : 0
      while zmq_msg_send(&part, raw, (isBlocking ? 0 : ZMQ_DONTWAIT) | more) < 0 {
        let code = zmq_errno()
        if code == EINTR { continue }
        zmq_msg_close(&part)
        // libzmq refuses a message at its first part or not at all.
        if code == EAGAIN && index == 0 { return false }
        throw ZMQError(call: "zmq_msg_send", code: code)
      }
    }
    return true
  }
}
