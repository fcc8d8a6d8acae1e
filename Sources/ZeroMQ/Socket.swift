import CZeroMQ
import Glibc

/// One libzmq socket, owned: it closes when it goes out of scope, and keeps its context until then.
///
/// Not `Sendable`: libzmq allows a socket one thread. Use it bare in a test or a tool; in a service
/// use `SocketLoop`, which keeps sockets on the thread of an actor.
public struct Socket: ~Copyable {
  let raw: UnsafeMutableRawPointer
  public let kind: SocketKind
  /// Whether an authenticator lets peers in. Without one their `User-Id` is whatever they say.
  let isAuthenticated: Bool
  /// Kept alive; nil for a socket that ends with its context.
  private let context: Context?

  /// - Throws: `ECONNREFUSED` for a CURVE server in a context without authenticator: libzmq would
  ///   let everybody in.

  public init(
    _ context: Context, _ kind: SocketKind, options: SocketOptions = SocketOptions()
  ) throws(ZMQError) {
    let isServer = options.curve?.isServer == true
    if isServer && !context.hasAuthenticator { throw .unauthenticated("zmq_socket") }
    let pointer = try context.openSocket(kind)
    do {
      try options.apply(to: SocketSetter(raw: pointer), kind: kind)
    } catch {
      zmq_close(pointer)
      throw error
    }
    raw = pointer
    self.context = context
    self.kind = kind
    isAuthenticated = isServer
  }

  /// A socket that does not keep its context alive: whoever has it closes it at `ETERM`.
  init(endingWith context: Context, _ kind: SocketKind) throws(ZMQError) {
    raw = try context.openSocket(kind)
    self.kind = kind
    self.context = nil
    isAuthenticated = false
  }

  deinit { zmq_close(raw) }

  public func attach(_ attachment: Attachment) throws(ZMQError) {
    switch attachment {
    case .bind(let address):
      guard zmq_bind(raw, address) == 0 else { throw .last("zmq_bind") }
    case .connect(let address):
      guard zmq_connect(raw, address) == 0 else { throw .last("zmq_connect") }
    }
  }

  /// The address last bound or connected, wildcards resolved.
  public var lastEndpoint: String {
    get throws(ZMQError) {
      var buffer = [UInt8](repeating: 0, count: 1024)
      var count = buffer.count
      guard zmq_getsockopt(raw, ZMQ_LAST_ENDPOINT, &buffer, &count) == 0 else {
        throw .last("zmq_getsockopt")
      }
      return String(decoding: buffer.prefix(max(0, count - 1)), as: UTF8.self)
    }
  }

  /// Adds a topic prefix to a SUB socket.
  public func subscribe(_ topic: String) throws(ZMQError) {
    try SocketSetter(raw: raw).set(ZMQ_SUBSCRIBE, Array(topic.utf8))
  }

  public func unsubscribe(_ topic: String) throws(ZMQError) {
    try SocketSetter(raw: raw).set(ZMQ_UNSUBSCRIBE, Array(topic.utf8))
  }
}

/// Sets options of a socket that somebody else owns.
struct SocketSetter {
  let raw: UnsafeMutableRawPointer

  func set(_ option: Int32, _ value: Int) throws(ZMQError) {
    var number = Int32(clamping: value)
    guard zmq_setsockopt(raw, option, &number, MemoryLayout<Int32>.size) == 0 else {
      throw .last("zmq_setsockopt")
    }
  }

  func set(_ option: Int32, wide value: Int64) throws(ZMQError) {
    var number = value
    guard zmq_setsockopt(raw, option, &number, MemoryLayout<Int64>.size) == 0 else {
      throw .last("zmq_setsockopt")
    }
  }

  func set(_ option: Int32, _ value: [UInt8]) throws(ZMQError) {
    guard zmq_setsockopt(raw, option, value, value.count) == 0 else {
      throw .last("zmq_setsockopt")
    }
  }
}
