import Synchronization

/// Messages on their way from the poll thread to the one task that takes them.
final class Inbox: Sendable {
  private let held = Atomic<Int>(0)
  private let capacity: Int
  let stream: AsyncStream<Message>
  private let sink: AsyncStream<Message>.Continuation

  init(capacity: Int) {
    self.capacity = capacity
    // Unbounded here, bounded in bytes by `hasRoom`: the socket is not read while it is full.
    (stream, sink) = AsyncStream.makeStream(bufferingPolicy: .unbounded)
  }

  var hasRoom: Bool { held.load(ordering: .acquiring) < capacity }

  func put(_ message: Message) {
    held.add(message.cost, ordering: .acquiringAndReleasing)
    sink.yield(message)
  }

  /// - Returns: whether there is room again where there was none: the poll thread waits for that.
  func took(_ message: Message) -> Bool {
    let (before, after) = held.subtract(message.cost, ordering: .acquiringAndReleasing)
    return before >= capacity && after < capacity
  }

  func finish() { sink.finish() }
}

/// What an endpoint receives. One task may iterate it.
public struct Messages: AsyncSequence, Sendable {
  public typealias Element = Message
  public typealias Failure = Never
  let inbox: Inbox
  let thread: PollThread

  public struct AsyncIterator: AsyncIteratorProtocol {
    var base: AsyncStream<Message>.AsyncIterator
    let inbox: Inbox
    let thread: PollThread

    public mutating func next() async -> Message? { await next(isolation: nil) }

    public mutating func next(isolation actor: isolated (any Actor)?) async -> Message? {
      guard let message = await base.next(isolation: actor) else { return nil }
      if inbox.took(message) { thread.wake() }
      return message
    }
  }

  public func makeAsyncIterator() -> AsyncIterator {
    AsyncIterator(base: inbox.stream.makeAsyncIterator(), inbox: inbox, thread: thread)
  }
}
