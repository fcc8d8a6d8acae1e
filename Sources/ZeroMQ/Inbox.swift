import Synchronization

/// Messages on their way from the poll thread to the one task that takes them.
///
/// Not an `AsyncStream`, whose taker is resumed on the cooperative pool and only then on its actor:
/// a change of thread more for each message.
final class Inbox: Sendable {
  private struct State: Sendable {
    var messages: [Message] = []
    var head = 0
    var isFinished = false
    var taker: CheckedContinuation<Message?, Never>?

    mutating func popFirst() -> Message? {
      guard head < messages.count else { return nil }
      let message = messages[head]
      messages[head].frames = []
      head += 1
      if head == messages.count {
        messages.removeAll(keepingCapacity: head <= 1024)
        head = 0
      } else if head > 64 && head * 2 > messages.count {
        messages.removeFirst(head)
        head = 0
      }
      return message
    }
  }

  private let state = Mutex(State())
  private let held = Atomic<Int>(0)
  private let capacity: Int

  init(capacity: Int) { self.capacity = capacity }

  /// Unbounded here, bounded in bytes: the socket is not read while there is none.
  var hasRoom: Bool { held.load(ordering: .acquiring) < capacity }

  func put(_ message: Message) {
    held.add(message.cost, ordering: .acquiringAndReleasing)
    let taker = state.withLock { state -> CheckedContinuation<Message?, Never>? in
      guard !state.isFinished else { return nil }
      if let taker = state.taker.take() { return taker }
      state.messages.append(message)
      return nil
    }
    taker?.resume(returning: message)
  }

  /// Waits for the next message; nil once it is finished and empty, or the task is cancelled.
  func next(isolation actor: isolated (any Actor)?) async -> Message? {
    await withTaskCancellationHandler(
      operation: {
        // Only a closure that captures the actor runs on it (SE-0420).
        await withCheckedContinuation(isolation: actor) { wait($0) }
      },
      onCancel: { state.withLock { $0.taker.take() }?.resume(returning: nil) },
      isolation: actor)
  }

  private func wait(_ taker: CheckedContinuation<Message?, Never>) {
    let (message, isOver) = state.withLock { state -> (Message?, Bool) in
      if let message = state.popFirst() { return (message, true) }
      if state.isFinished || Task.isCancelled { return (nil, true) }
      precondition(state.taker == nil, "one task at a time takes messages")
      state.taker = taker
      return (nil, false)
    }
    if isOver { taker.resume(returning: message) }
  }

  /// - Returns: whether there is room again where there was none: the poll thread waits for that.
  func took(_ message: Message) -> Bool {
    let (before, after) = held.subtract(message.cost, ordering: .acquiringAndReleasing)
    return before >= capacity && after < capacity
  }

  func finish() {
    let taker = state.withLock { state in
      state.isFinished = true
      return state.taker.take()
    }
    taker?.resume(returning: nil)
  }
}

/// What an endpoint receives. One task may iterate it.
public struct Messages: AsyncSequence, Sendable {
  public typealias Element = Message
  public typealias Failure = Never
  let inbox: Inbox
  let thread: PollThread

  public struct AsyncIterator: AsyncIteratorProtocol {
    let inbox: Inbox
    let thread: PollThread

    public mutating func next() async -> Message? { await next(isolation: nil) }

    public mutating func next(isolation actor: isolated (any Actor)?) async -> Message? {
      guard let message = await inbox.next(isolation: actor) else { return nil }
      if inbox.took(message) { thread.wake() }
      return message
    }
  }

  public func makeAsyncIterator() -> AsyncIterator {
    AsyncIterator(inbox: inbox, thread: thread)
  }
}
