import Synchronization

/// The closures that run at a scrape. One round runs at a time; a scrape that comes meanwhile
/// waits for that one, and none waits longer than it may.
final class Collectors: Sendable {
  private struct State {
    var bodies: [@Sendable () async -> Void] = []
    var isRunning = false
    /// Scrapes that wait for the round to end.
    var waiting: [Int: AsyncStream<Void>.Continuation] = [:]
    var scrapes = 0
  }

  private let state = Mutex(State())

  func add(_ body: @escaping @Sendable () async -> Void) {
    state.withLock { $0.bodies.append(body) }
  }

  func run(within limit: Duration) async {
    let (ended, end) = AsyncStream.makeStream(of: Void.self)
    let (scrape, bodies) = state.withLock { state in
      state.scrapes += 1
      state.waiting[state.scrapes] = end
      let bodies = state.isRunning ? nil : state.bodies
      state.isRunning = true
      return (state.scrapes, bodies)
    }
    // Not a child of this task, which would have to wait for it.
    if let bodies { Task { await self.round(bodies) } }
    let clock = Task {
      try? await Task.sleep(for: limit)
      end.finish()
    }
    for await _ in ended {}
    clock.cancel()
    state.withLock { _ = $0.waiting.removeValue(forKey: scrape) }
  }

  private func round(_ bodies: [@Sendable () async -> Void]) async {
    await withDiscardingTaskGroup { group in
      for body in bodies { group.addTask { await body() } }
    }
    let waiting = state.withLock { state in
      state.isRunning = false
      defer { state.waiting = [:] }
      return state.waiting.values
    }
    for scrape in waiting { scrape.finish() }
  }
}
