public import BusProtocol
import Synchronization

/// A request on its way: its progress, and its final reply.
public final class Exchange: Sendable {
  /// The request's id.
  public let id: String
  /// `accepted` and `partial` replies, where progress was asked for; ends with the final reply.
  /// Who does not keep up sees the newest.
  public let progress: AsyncStream<ReplyHeader>

  private struct State: Sendable {
    var outcome: Result<Reply, ClientError>?
    var waiters: [Int: CheckedContinuation<Result<Reply, ClientError>, Never>] = [:]
    var cancelled: Set<Int> = []
    var lastWaiter = 0
    var timer: Task<Void, Never>?
  }

  private let state = Mutex(State())
  private let sink: AsyncStream<ReplyHeader>.Continuation
  /// Asks the server to cancel.
  private let abandon: @Sendable () -> Void

  init(id: String, abandon: @escaping @Sendable () -> Void) {
    self.id = id
    self.abandon = abandon
    (progress, sink) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(64))
  }

  /// Waits for the final reply.
  ///
  /// - Throws: `ClientError`; `refused` where the server answered with an error.
  public func reply() async throws(ClientError) -> Reply {
    let key = state.withLock { state in
      state.lastWaiter += 1
      return state.lastWaiter
    }
    let outcome = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in wait(continuation, key: key) }
    } onCancel: {
      cancelWaiter(key)
    }
    return try outcome.get()
  }

  private func wait(
    _ continuation: CheckedContinuation<Result<Reply, ClientError>, Never>, key: Int
  ) {
    let outcome: Result<Reply, ClientError>? = state.withLock { state in
      if let outcome = state.outcome { return outcome }
      if state.cancelled.remove(key) != nil { return .failure(.cancelled) }
      state.waiters[key] = continuation
      return nil
    }
    guard let outcome else { return }
    continuation.resume(returning: outcome)
    giveUp()
  }

  private func cancelWaiter(_ key: Int) {
    let waiter = state.withLock { state in
      let waiter = state.waiters.removeValue(forKey: key)
      // The cancellation may come before the waiter does.
      if waiter == nil { state.cancelled.insert(key) }
      return waiter
    }
    guard let waiter else { return }
    waiter.resume(returning: .failure(.cancelled))
    giveUp()
  }

  /// Once nobody waits any more, the server need not work any more.
  private func giveUp() {
    let isAlone = state.withLock { $0.outcome == nil && $0.waiters.isEmpty }
    if isAlone { abandon() }
  }

  func startTimer(_ timeout: Duration, expired: @escaping @Sendable () -> Void) {
    let timer = Task {
      do { try await Task.sleep(for: timeout) } catch { return }
      expired()
    }
    let isSettled = state.withLock { state in
      state.timer = timer
      return state.outcome != nil
    }
    if isSettled { timer.cancel() }
  }

  func note(_ header: ReplyHeader) { sink.yield(header) }

  /// The first outcome counts.
  func settle(_ outcome: Result<Reply, ClientError>) {
    var waiters: [CheckedContinuation<Result<Reply, ClientError>, Never>] = []
    var timer: Task<Void, Never>?
    state.withLock { state in
      guard state.outcome == nil else { return }
      state.outcome = outcome
      waiters = Array(state.waiters.values)
      timer = state.timer
      state.waiters = [:]
    }
    timer?.cancel()
    for waiter in waiters { waiter.resume(returning: outcome) }
    sink.finish()
  }
}
