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
    guard job(key)?.request == request else { return }
    let error = ProtocolError(
      .deadlineExceeded, "not finished within deadline_ms: give it longer, or ask for less")
    if accepting[key] != nil {
      accepting[key]?.ended = error
      return
    }
    guard let job = withdraw(key) else { return }
    fail(job, error)
    pump()
  }

  /// Takes no more work, and finishes what is there: for `grace`, then answers what still waits
  /// with `busy`, and gives what runs another `grace`.
  func drain(grace: Duration) async {
    isDraining = true
    await waitUntilIdle(atMost: grace)
    while let job = queue.popFirst() {
      // The journal keeps durable ones for the next life.
      if job.isDurable { continue }
      fail(job, .busy(retryAfterMilliseconds: 1000))
    }
    pump()
    await waitUntilIdle(atMost: grace)
    for key in Array(running.keys) {
      if let own = running[key], own.job.isDurable {
        own.task?.cancel()
        running[key] = nil
        continue
      }
      guard let job = withdraw(key) else { continue }
      // To be asked for again, with the same id, of the server that comes after.
      fail(job, .busy(retryAfterMilliseconds: 1000))
    }
    for timer in timers.values { timer.cancel() }
    timers = [:]
  }

  private func waitUntilIdle(atMost grace: Duration) async {
    if isIdle { return }
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
