import Synchronization

/// Bounds of an endpoint's own queues. libzmq's high-water marks count messages; these count bytes.
public struct EndpointLimits: Sendable, Hashable {
  /// Received and not yet taken; past it the socket is not read, which slows the senders down.
  public var inboxBytes: Int
  /// Queued to send, in all and for one peer of a ROUTER; past it `send` refuses.
  public var outboxBytes: Int, outboxBytesPerPeer: Int
  /// Of one message.
  public var message: MessageLimits
  /// A peer that takes nothing for so long loses what waits for it.
  public var stall: Duration

  public init(
    inboxBytes: Int = 64 << 20, outboxBytes: Int = 256 << 20, outboxBytesPerPeer: Int = 256 << 20,
    message: MessageLimits = MessageLimits(), stall: Duration = .seconds(30)
  ) {
    self.inboxBytes = inboxBytes
    self.outboxBytes = outboxBytes
    self.outboxBytesPerPeer = outboxBytesPerPeer
    self.message = message
    self.stall = stall
  }
}

/// The handle of a socket that a `SocketLoop` owns.
public final class Endpoint: Sendable {
  public let kind: SocketKind
  /// Where it is bound or connected, wildcards resolved.
  public let address: String
  public let limits: EndpointLimits
  let inbox: Inbox
  let outbox: Outbox
  private let loop: SocketLoop
  private let thread: PollThread

  init(
    kind: SocketKind, address: String, limits: EndpointLimits, loop: SocketLoop, thread: PollThread
  ) {
    self.kind = kind
    self.address = address
    self.limits = limits
    self.loop = loop
    self.thread = thread
    inbox = Inbox(capacity: limits.inboxBytes)
    outbox = Outbox(
      capacity: limits.outboxBytes, perPeer: limits.outboxBytesPerPeer, isRouter: kind == .router)
  }

  /// Queues a message; never waits. In the order of the calls, for each peer.
  ///
  /// - Returns: false when the queue is full or the endpoint is closed: the message was not taken.
  @discardableResult
  public func send(_ message: Message) -> Bool {
    guard !message.frames.isEmpty, let wakes = outbox.put(message) else { return false }
    if wakes { thread.wake() }
    return true
  }

  /// What comes in, to be iterated by one task; ends when the endpoint is closed.
  public var messages: Messages { Messages(inbox: inbox, thread: thread) }

  /// Messages that were taken by `send` and could not be delivered: the peer was gone, or stalled.
  public var undelivered: Int { outbox.lost }

  /// Bytes queued to send.
  public var queuedBytes: Int { outbox.bytes }

  public func subscribe(to topic: String) async throws(ZMQError) {
    try await loop.subscribe(self, to: topic, true)
  }

  public func unsubscribe(from topic: String) async throws(ZMQError) {
    try await loop.subscribe(self, to: topic, false)
  }

  /// Waits until all that was queued is with libzmq, at most `grace`.
  public func flush(grace: Duration) async {
    let limit = Task { [outbox] in
      try? await Task.sleep(for: grace)
      if !Task.isCancelled { outbox.wakeFlushers(evenIfQueued: true) }
    }
    await outbox.waitUntilEmpty()
    limit.cancel()
  }

  /// Closes the socket; what is queued and not flushed is lost.
  public func close() async { await loop.close(self) }

  func finish() {
    inbox.finish()
    outbox.close()
  }
}
