import CZeroMQ

/// What is set on a socket before it is attached. Times are milliseconds.
public struct SocketOptions: Sendable, Hashable {
  /// Messages (not bytes) that libzmq queues for each peer.
  public var sendHighWaterMark: Int = 1000
  public var receiveHighWaterMark: Int = 1000
  /// Of one frame; a peer that sends a larger one is disconnected. Nil: no limit.
  public var maximumFrameBytes: Int?
  /// How long unsent messages outlive the socket.
  public var linger: Int = 0
  /// A ROUTER tells of peers that are gone, instead of dropping silently.
  public var routerMandatory = true
  /// A peer that comes back under the same routing id takes its place.
  public var routerHandover = false
  /// ZMTP pings on idle connections; nil: none.
  public var heartbeat: Heartbeat?
  /// A connection that has not finished its handshake by then is closed.
  public var handshakeInterval: Int = 30_000
  /// TCP connections that wait to be accepted; the kernel has a bound of its own (`net.core.somaxconn`).
  public var backlog: Int = 100
  /// Between attempts to connect again: the first pause, and the longest.
  public var reconnect: (first: Int, longest: Int) {
    get { (reconnectFirst, reconnectLongest) }
    set { (reconnectFirst, reconnectLongest) = newValue }
  }
  private var reconnectFirst = 100, reconnectLongest = 5_000
  /// This side's routing id, for peers that are ROUTERs: 1 to 255 bytes, the first not 0.
  public var routingID: [UInt8]?
  /// Topic prefixes of a SUB socket.
  public var subscriptions: [String] = []
  /// Keys, over tcp and ipc; nil: connections are open, and encrypted by nobody.
  public var curve: CurveOptions?
  /// How long blocking calls of a bare `Socket` wait; -1: for ever.
  public var receiveTimeout: Int = -1
  public var sendTimeout: Int = -1

  public struct Heartbeat: Sendable, Hashable {
    /// Between pings, and until a silent peer is given up.
    public var interval: Int, timeout: Int
    public init(interval: Int, timeout: Int) {
      self.interval = interval
      self.timeout = timeout
    }
  }

  public init() {}

  func apply(to socket: SocketSetter, kind: SocketKind) throws(ZMQError) {
    try socket.set(ZMQ_LINGER, linger)
    try socket.set(ZMQ_SNDHWM, sendHighWaterMark)
    try socket.set(ZMQ_RCVHWM, receiveHighWaterMark)
    try socket.set(ZMQ_MAXMSGSIZE, wide: Int64(maximumFrameBytes ?? -1))
    try socket.set(ZMQ_HANDSHAKE_IVL, handshakeInterval)
    try socket.set(ZMQ_BACKLOG, backlog)
    try socket.set(ZMQ_RECONNECT_IVL, reconnectFirst)
    try socket.set(ZMQ_RECONNECT_IVL_MAX, reconnectLongest)
    try socket.set(ZMQ_RCVTIMEO, receiveTimeout)
    try socket.set(ZMQ_SNDTIMEO, sendTimeout)
    if let heartbeat {
      try socket.set(ZMQ_HEARTBEAT_IVL, heartbeat.interval)
      try socket.set(ZMQ_HEARTBEAT_TIMEOUT, heartbeat.timeout)
      try socket.set(ZMQ_HEARTBEAT_TTL, heartbeat.timeout)
    }
    try curve?.apply(to: socket)
    if let routingID { try socket.set(ZMQ_ROUTING_ID, routingID) }
    if kind == .router {
      try socket.set(ZMQ_ROUTER_MANDATORY, routerMandatory ? 1 : 0)
      try socket.set(ZMQ_ROUTER_HANDOVER, routerHandover ? 1 : 0)
    }
    if kind == .subscribe {
      for topic in subscriptions { try socket.set(ZMQ_SUBSCRIBE, Array(topic.utf8)) }
    }
  }
}
