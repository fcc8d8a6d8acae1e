/// Time as retries know it; tests put their own in its place.
protocol Timekeeper: Sendable {
  /// Since some moment in the past; never goes back.
  var now: Duration { get }
  /// Returns at that time or a little later, or before it after a day.
  ///
  /// - Throws: `CancellationError`, as soon as the task is cancelled.
  func sleep(until time: Duration) async throws
}

struct SystemTime: Timekeeper {
  private static let start = ContinuousClock.now

  var now: Duration { ContinuousClock.now - Self.start }

  func sleep(until time: Duration) async throws {
    // The library's clock counts nanoseconds in 64 bits.
    let time = min(time, now + .seconds(86_400))
    try await Task.sleep(until: Self.start + time, clock: .continuous)
  }
}
