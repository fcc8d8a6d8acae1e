import BusProtocol

extension Dispatcher {
  /// Has the request expire at its deadline, wherever it is then.
  func schedule(_ job: Job, _ deadline: ContinuousClock.Instant) {
    timers[job.request] = Task {
      try? await Task.sleep(until: deadline, clock: .continuous)
      if !Task.isCancelled { self.expire(job.key, request: job.request) }
    }
  }

  private func expire(_ key: RequestKey, request: String) {
    // The id may be in use again by a later request.
    guard (running[key]?.job ?? queue.job(key))?.request == request, let job = withdraw(key) else {
      return
    }
    fail(
      job,
      ProtocolError(
        .deadlineExceeded, "not finished within deadline_ms: give it longer, or ask for less"))
    pump()
  }

  /// Takes no more work, and finishes what is there: for `grace`, then answers what still waits
  /// with `busy`, and gives what runs another `grace`.
  func drain(grace: Duration) async {
    isDraining = true
    await waitUntilIdle(atMost: grace)
    while let job = queue.popFirst() {
      fail(job, .busy(retryAfterMilliseconds: 1000))
    }
    pump()
    await waitUntilIdle(atMost: grace)
    for key in Array(running.keys) {
      guard let job = withdraw(key) else { continue }
      fail(job, ProtocolError(.internal, "the server had to stop before this was done"))
    }
    for timer in timers.values { timer.cancel() }
    timers = [:]
  }

  private func waitUntilIdle(atMost grace: Duration) async {
    if running.isEmpty && queue.count == 0 { return }
    let limit = Task {
      try? await Task.sleep(for: grace)
      if !Task.isCancelled { self.wakeWaiters() }
    }
    await withCheckedContinuation { idleWaiters.append($0) }
    limit.cancel()
  }

  private func wakeWaiters() {
    for waiter in idleWaiters { waiter.resume() }
    idleWaiters = []
  }
}
