import Synchronization

/// Messages on their way to the poll thread: a queue for each peer of a ROUTER, else one.
///
/// A peer that does not read fills its own queue and holds up no other.
final class Outbox: Sendable {
  /// A ROUTER's peer, by routing id; empty for other sockets.
  typealias Key = [UInt8]

  private struct Queue: Sendable {
    var messages: [Message] = []
    var head = 0
    var bytes = 0
    var isEmpty: Bool { head == messages.count }

    mutating func removeFirst() -> Int {
      let cost = messages[head].cost
      messages[head].frames = []
      head += 1
      if head > 64 && head * 2 > messages.count {
        messages.removeFirst(head)
        head = 0
      }
      bytes -= cost
      return cost
    }
  }

  private struct State: Sendable {
    var queues: [Key: Queue] = [:]
    /// The keys with messages, the one to be served next first.
    var turns: [Key] = []
    var bytes = 0
    var lost = 0
    var isClosed = false
    var flushers: [CheckedContinuation<Void, Never>] = []
  }

  private let state = Mutex(State())
  private let capacity: Int, perPeer: Int
  private let isRouter: Bool

  init(capacity: Int, perPeer: Int, isRouter: Bool) {
    self.capacity = capacity
    self.perPeer = perPeer
    self.isRouter = isRouter
  }

  var lost: Int { state.withLock { $0.lost } }
  var bytes: Int { state.withLock { $0.bytes } }

  /// - Returns: nil when full or closed; else whether the thread must be woken.
  func put(_ message: Message) -> Bool? {
    let key = isRouter ? message.frames[0].bytes : []
    let cost = message.cost
    return state.withLock { state in
      let queued = state.queues[key]?.bytes ?? 0
      guard !state.isClosed, state.bytes + cost <= capacity, queued + cost <= perPeer else {
        return nil
      }
      if queued == 0 { state.turns.append(key) }
      state.queues[key, default: Queue()].messages.append(message)
      state.queues[key, default: Queue()].bytes += cost
      state.bytes += cost
      return queued == 0
    }
  }

  /// The next message, peers taking turns; nil when only `except` have any.
  func first(except blocked: Set<Key>) -> (Key, Message)? {
    state.withLock { state in
      guard let index = state.turns.firstIndex(where: { !blocked.contains($0) }) else { return nil }
      let key = state.turns.remove(at: index)
      state.turns.append(key)
      guard let queue = state.queues[key], !queue.isEmpty else { return nil }
      return (key, queue.messages[queue.head])
    }
  }

  func removeFirst(_ key: Key, isLost: Bool = false) {
    state.withLock { state in
      guard let cost = state.queues[key]?.removeFirst() else { return }
      state.bytes -= cost
      if isLost { state.lost += 1 }
      if state.queues[key]?.isEmpty == true { Self.remove(key, from: &state) }
    }
  }

  /// Gives up all that waits for a peer.
  func drop(_ key: Key) {
    state.withLock { state in
      guard let queue = state.queues[key] else { return }
      state.lost += queue.messages.count - queue.head
      state.bytes -= queue.bytes
      Self.remove(key, from: &state)
    }
  }

  func has(_ key: Key) -> Bool { state.withLock { $0.queues[key] != nil } }

  func hasMore(than blocked: Set<Key>) -> Bool {
    state.withLock { $0.turns.contains { !blocked.contains($0) } }
  }

  private static func remove(_ key: Key, from state: inout State) {
    state.queues[key] = nil
    state.turns.removeAll { $0 == key }
  }
}

extension Outbox {
  /// Waits until nothing is queued, or `wakeFlushers(evenIfQueued:)`.
  func waitUntilEmpty() async {
    await withCheckedContinuation { continuation in
      let isDone = state.withLock { state in
        if state.turns.isEmpty || state.isClosed { return true }
        state.flushers.append(continuation)
        return false
      }
      if isDone { continuation.resume() }
    }
  }

  func wakeFlushers(evenIfQueued: Bool = false) {
    let woken = state.withLock { state -> [CheckedContinuation<Void, Never>] in
      guard evenIfQueued || state.turns.isEmpty else { return [] }
      defer { state.flushers = [] }
      return state.flushers
    }
    for continuation in woken { continuation.resume() }
  }

  /// Refuses messages from now on, and drops those that are queued.
  func close() {
    state.withLock { state in
      state.isClosed = true
      state.lost += state.queues.values.reduce(0) { $0 + $1.messages.count - $1.head }
      state.queues = [:]
      state.turns = []
      state.bytes = 0
    }
    wakeFlushers(evenIfQueued: true)
  }
}
