/// The tries of one request: what is due, and when. Knows no socket and no clock.
struct Tries: Sendable {
  enum Phase: Sendable, Hashable {
    /// It was sent: at `due` the try was in vain.
    case waiting
    /// At `due` it is to be sent again. `isSilent`: since nothing came, and not on request.
    case pausing(isSilent: Bool)
  }

  let policy: RetryPolicy
  private let tryTime: Duration
  /// When all is over.
  let end: Duration
  private(set) var phase = Phase.waiting
  /// Tries in vain since the last sign of life.
  private(set) var failures = 0
  /// When it was sent, or the last sign of life came: silence counts from there.
  private(set) var begun: Duration
  private(set) var due: Duration

  init(policy: RetryPolicy, bytes: Int, now: Duration, end: Duration) {
    self.policy = policy
    self.end = end
    tryTime = policy.tryTime(bytes: bytes)
    begun = now
    due = min(end, now + tryTime)
  }

  /// A try begins.
  mutating func send(at now: Duration) {
    phase = .waiting
    begun = now
    due = min(end, now + tryTime)
  }

  /// The server said something about this request: it has it.
  mutating func hear(at now: Duration) {
    failures = 0
    send(at: now)
  }

  /// The try is over, and nothing came.
  ///
  /// - Returns: false where it was the last one.
  mutating func fail(
    at now: Duration, using generator: inout some RandomNumberGenerator
  ) -> Bool {
    pause(from: now, isSilent: true, using: &generator)
  }

  /// As `fail`, where the message went once more meanwhile, over another socket: then it need not be
  /// sent again, and the next try has begun there.
  mutating func fail(sentAgainAt time: Duration) -> Bool {
    failures += 1
    guard failures < policy.tries else { return false }
    send(at: time)
    return true
  }

  /// The server has no room for it.
  ///
  /// - Returns: false where it was the last try, or none would end in time.
  mutating func beBusy(
    at now: Duration, retryAfterMilliseconds: Double?,
    using generator: inout some RandomNumberGenerator
  ) -> Bool {
    let wait = policy.busyPause(retryAfterMilliseconds: retryAfterMilliseconds)
    return pause(from: now + wait, isSilent: false, using: &generator) && due < end
  }

  /// There was no room to send it here; that is no try.
  mutating func postpone(to time: Duration) {
    phase = .pausing(isSilent: false)
    due = min(end, time)
  }

  private mutating func pause(
    from time: Duration, isSilent: Bool, using generator: inout some RandomNumberGenerator
  ) -> Bool {
    failures += 1
    guard failures < policy.tries else { return false }
    phase = .pausing(isSilent: isSilent)
    due = min(end, time + policy.pause(after: failures, using: &generator))
    return true
  }
}
