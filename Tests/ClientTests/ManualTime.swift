import Synchronization
import Testing

@testable import Client

/// Time that goes on as a test says.
final class ManualTime: Timekeeper {
  private struct Sleeper: Sendable {
    var due: Duration
    var continuation: CheckedContinuation<Void, any Error>
  }

  private struct State: Sendable {
    var now = Duration.zero
    var sleepers: [Int: Sleeper] = [:]
    var cancelled: Set<Int> = []
    var last = 0
  }

  private let state = Mutex(State())

  var now: Duration { state.withLock { $0.now } }
  /// When those who sleep want to be woken.
  var dues: [Duration] { state.withLock { $0.sleepers.values.map(\.due) } }

  func advance(by step: Duration) {
    let woken = state.withLock { state in
      state.now += step
      let woken = state.sleepers.filter { $0.value.due <= state.now }
      for key in woken.keys { state.sleepers[key] = nil }
      return woken.values.map(\.continuation)
    }
    for sleeper in woken { sleeper.resume() }
  }

  func sleep(until time: Duration) async throws {
    let key = state.withLock { state in
      state.last += 1
      return state.last
    }
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        let outcome = state.withLock { state -> Result<Void, any Error>? in
          if state.cancelled.remove(key) != nil { return .failure(CancellationError()) }
          if time <= state.now { return .success(()) }
          state.sleepers[key] = Sleeper(due: time, continuation: continuation)
          return nil
        }
        if let outcome { continuation.resume(with: outcome) }
      }
    } onCancel: {
      let sleeper = state.withLock { state in
        let sleeper = state.sleepers.removeValue(forKey: key)
        if sleeper == nil { state.cancelled.insert(key) }
        return sleeper
      }
      sleeper?.continuation.resume(throwing: CancellationError())
    }
  }
}

/// Waits until something is so, and fails where it never is.
func eventually(
  _ what: Comment? = nil, sourceLocation: SourceLocation = #_sourceLocation,
  _ condition: () throws -> Bool
) async throws {
  for _ in 0..<4000 {
    if try condition() { return }
    try await Task.sleep(for: .milliseconds(5))
  }
  Issue.record(what ?? "it never came to be", sourceLocation: sourceLocation)
  throw CancellationError()
}
