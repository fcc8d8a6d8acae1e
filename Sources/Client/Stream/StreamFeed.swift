import Synchronization
import ZeroMQ

/// The subscriber's socket; where the server was silent for long, the next one.
final class StreamFeed: Sendable {
  typealias Open = @Sendable () async throws(ZMQError) -> Endpoint

  /// When a socket is given up: nothing came for so long, not even a heartbeat.
  struct Patience: Sendable {
    var silence: Duration
    /// Its pauses lie between one socket and the next.
    var policy: RetryPolicy
  }

  private struct State: Sendable {
    var endpoint: Endpoint
    /// Of the endpoint, from 1.
    var number = 1
    /// Since when a message is waited for; nil: none is, and the socket need not be silent.
    var waitingSince: Duration?
    /// Sockets in a row that brought nothing.
    var failures = 0
    var isClosed = false
    /// Ends early what the reader waits for.
    var interrupt: (@Sendable () -> Void)?
    var watch: Task<Void, Never>?
    var generator: SplitMix64
  }

  private let state: Mutex<State>
  private let patience: Patience?
  private let time: any Timekeeper
  private let open: Open

  /// - Parameter patience: nil: the one socket is for ever, and libzmq mends its connection.
  init(
    patience: Patience?, time: any Timekeeper, open: @escaping Open
  ) async throws(ZMQError) {
    self.patience = patience
    self.time = time
    self.open = open
    let generator = (patience?.policy ?? .never).generator
    state = Mutex(State(endpoint: try await open(), generator: generator))
    guard let patience else { return }
    let watch = Task { await self.watch(patience.silence) }
    state.withLock { $0.watch = watch }
  }

  var isClosed: Bool { state.withLock { $0.isClosed } }

  /// Ends all waiting; the loop closes the socket.
  func close() {
    let (interrupt, watch) = state.withLock { state in
      state.isClosed = true
      return (state.interrupt, state.watch)
    }
    watch?.cancel()
    interrupt?()
  }

  /// The next message, and the number of the socket that it came by; nil at the end.
  func next(
    isolation actor: isolated (any Actor)?
  ) async -> (message: Message, connection: Int)? {
    while true {
      let now = time.now
      let (endpoint, number) = state.withLock { state in
        state.waitingSince = now
        return (state.endpoint, state.number)
      }
      var messages = endpoint.messages.makeAsyncIterator()
      let message = await messages.next(isolation: actor)
      state.withLock { state in
        state.waitingSince = nil
        if message != nil { state.failures = 0 }
      }
      if let message { return (message, number) }
      guard await reconnect() else { return nil }
    }
  }

  /// Runs what ends early where it is cancelled: by the waiting task, or as the feed is closed.
  func interruptible<R: Sendable>(_ body: @escaping @Sendable () async -> R) async -> R {
    let task = Task { await body() }
    let isClosed = state.withLock { state in
      state.interrupt = { task.cancel() }
      return state.isClosed
    }
    if isClosed { task.cancel() }
    defer { state.withLock { $0.interrupt = nil } }
    return await withTaskCancellationHandler {
      await task.value
    } onCancel: {
      task.cancel()
    }
  }

  /// Waits as long as the policy says after so many failures.
  func pause(after failures: Int) async {
    guard let patience, failures > 0 else { return }
    let pause = state.withLock {
      patience.policy.pause(after: failures, using: &$0.generator)
    }
    try? await time.sleep(until: time.now + pause)
  }

  /// - Returns: false at the end: closed, cancelled, or without another socket.
  private func reconnect() async -> Bool {
    guard let patience else { return false }
    for _ in 0..<max(1, patience.policy.tries) {
      let failures = state.withLock { state in
        state.failures += 1
        return state.failures
      }
      await interruptible { [self] in await pause(after: failures) }
      guard !Task.isCancelled, !isClosed else { return false }
      guard let endpoint = try? await open() else { continue }
      return state.withLock { state in
        state.endpoint = endpoint
        state.number += 1
        return true
      }
    }
    return false
  }

  /// Closes the socket whenever it was silent for too long.
  private func watch(_ silence: Duration) async {
    var due = time.now + silence
    while true {
      do { try await time.sleep(until: due) } catch { return }
      let now = time.now
      let silent = state.withLock { state -> Endpoint? in
        due = now + silence
        guard let since = state.waitingSince else { return nil }
        guard now - since >= silence else {
          due = since + silence
          return nil
        }
        state.waitingSince = nil
        return state.endpoint
      }
      await silent?.close()
    }
  }
}
