public import BusProtocol
import Synchronization

/// A request on its way: its progress, and its final reply.
///
/// However it ends (a reply, a time-out, a cancelled task, a closed client), `progress` ends and
/// `reply` returns.
public final class Exchange: Sendable {
  /// The request's id.
  public let id: String
  /// `accepted` and `partial` replies, where progress was asked for, and `accepted` of a durable
  /// request, which is on disk then; ends with the final reply. Who does not keep up sees the
  /// newest. `accepted` comes once, however often the request was sent.
  public let progress: AsyncStream<ReplyHeader>

  /// What of the progress is wanted.
  enum Interest: Sendable { case all, acceptance, none }

  private struct State: Sendable {
    var outcome: Result<Reply, ClientError>?
    var waiters: [Int: CheckedContinuation<Result<Reply, ClientError>, Never>] = [:]
    var cancelled: Set<Int> = []
    var lastWaiter = 0
    var isAccepted = false
  }

  private let state = Mutex(State())
  private let sink: AsyncStream<ReplyHeader>.Continuation
  private let interest: Interest
  /// Ends it here, and asks the server to cancel.
  private let abandon: @Sendable (Exchange) -> Void

  init(
    id: String, interest: Interest = .none, abandon: @escaping @Sendable (Exchange) -> Void
  ) {
    self.id = id
    self.interest = interest
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
    if isAlone { abandon(self) }
  }

  func note(_ header: ReplyHeader) {
    if header.status == .accepted {
      let isFirst = state.withLock { state in
        defer { state.isAccepted = true }
        return !state.isAccepted
      }
      if isFirst, interest != .none { sink.yield(header) }
    } else if interest == .all {
      sink.yield(header)
    }
  }

  /// The first outcome counts.
  func settle(_ outcome: Result<Reply, ClientError>) {
    let waiters = state.withLock {
      state -> [CheckedContinuation<Result<Reply, ClientError>, Never>] in
      guard state.outcome == nil else { return [] }
      state.outcome = outcome
      defer { state.waiters = [:] }
      return Array(state.waiters.values)
    }
    for waiter in waiters { waiter.resume(returning: outcome) }
    sink.finish()
  }
}
