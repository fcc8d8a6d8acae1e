import CZeroMQ
import Glibc

/// An actor whose executor is a thread in `zmq_poll`, and that owns any number of sockets.
///
/// Sockets live and die on that thread; the rest of a program holds an `Endpoint` for each, which
/// sends without waiting and receives as an asynchronous sequence. A loop lives until `shutdown`.
public actor SocketLoop {
  private nonisolated let thread: PollThread
  public nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

  public nonisolated let context: Context
  private var sockets: [LoopSocket] = []
  private var isEnding = false

  /// - Parameters:
  ///   - context: shared with whoever speaks `inproc` with this loop.
  ///   - name: of the thread, in debuggers.
  public init(context: Context, name: String = "zmq-poll") throws(ZMQError) {
    self.context = context
    thread = try PollThread()
    // The thread keeps the actor alive until `shutdown`, so that no socket closes under a poll.
    thread.start(name: name) { self.assumeIsolated { $0.turn() } }
  }

  public init(name: String = "zmq-poll") throws(ZMQError) {
    try self.init(context: try Context(), name: name)
  }

  /// Opens a socket, sets its options and attaches it.
  ///
  /// - Returns: its handle. Messages queue there from now on, within `limits`.
  public func open(
    _ kind: SocketKind, at attachments: [Attachment], options: SocketOptions = SocketOptions(),
    limits: EndpointLimits = EndpointLimits()
  ) throws(ZMQError) -> Endpoint {
    if isEnding { throw .closed("zmq_socket") }
    let socket = try Socket(context, kind, options: options)
    for attachment in attachments { try socket.attach(attachment) }
    let endpoint = Endpoint(
      kind: kind, address: try socket.lastEndpoint, limits: limits, loop: self, thread: thread)
    sockets.append(LoopSocket(socket, endpoint: endpoint))
    return endpoint
  }

  /// Sends what is queued, for at most `grace`, closes all sockets and ends the thread.
  ///
  /// What libzmq itself has not sent by then lingers as `SocketOptions.linger` says; to wait for
  /// that too, call `Context.terminate` afterwards.
  public func shutdown(grace: Duration = .seconds(1)) async {
    isEnding = true
    for socket in sockets { await socket.endpoint.flush(grace: grace) }
    closeAll()
    thread.wake()
  }

  func close(_ endpoint: Endpoint) {
    sockets.removeAll { $0.endpoint === endpoint }
    endpoint.finish()
  }

  func subscribe(_ endpoint: Endpoint, to topic: String, _ wanted: Bool) throws(ZMQError) {
    guard let socket = sockets.first(where: { $0.endpoint === endpoint }) else {
      throw .closed("zmq_setsockopt")
    }
    try socket.subscribe(topic, wanted)
  }

  private func closeAll() {
    for socket in sockets { socket.endpoint.finish() }
    sockets = []
  }

  /// Sleeps until something is to be done, and serves every socket once; false at the end.
  private func turn() -> Bool {
    if isEnding && sockets.isEmpty { return false }
    var items = [
      zmq_pollitem_t(
        socket: nil, fd: thread.wakeDescriptor, events: Int16(ZMQ_POLLIN), revents: 0)
    ]
    var timeout = -1
    for socket in sockets {
      items.append(socket.pollItem)
      if let pause = socket.retryPause { timeout = timeout < 0 ? pause : min(timeout, pause) }
    }
    if zmq_poll(&items, Int32(items.count), timeout) < 0 {
      if zmq_errno() == ETERM { closeAll() }  // The context was terminated under the loop.
      return true
    }
    if items[0].revents != 0 { thread.drainWakes() }
    for socket in sockets { socket.serve() }
    return true
  }
}
