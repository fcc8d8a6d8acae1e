/// When a request is sent again, and when it is given up (Lazy Pirate, zguide chapter 4).
///
/// A server answers an id once, however often it is sent: it sends the answer again, or joins the
/// request in flight (protocol: Request header). So every method may be sent again.
public struct RetryPolicy: Sendable, Hashable {
  /// How often a request is sent in vain, the first time included, before it is given up; at
  /// least 1. A sign of life, as `accepted` and `partial` are, begins the count anew.
  public var tries: Int
  /// How long a try lasts without a sign of life. Large requests get longer, by `slowestLink`.
  public var tryTime: Duration
  /// Pauses before the second try, and before any at most. They double from one to the other, and
  /// each is drawn between nothing and that ("full jitter"), so that clients that were cut off
  /// together do not come back together.
  public var firstPause: Duration, longestPause: Duration
  /// Of the time after which a busy server wants to be asked again; it comes before the pause.
  public var longestBusyPause: Duration
  /// Bytes a second that any connection takes.
  public var slowestLink: Int
  /// Of the pauses' generator; nil: another at each start.
  public var seed: UInt64?

  public init(
    tries: Int = 6, tryTime: Duration = .seconds(10), firstPause: Duration = .milliseconds(100),
    longestPause: Duration = .seconds(5), longestBusyPause: Duration = .seconds(60),
    slowestLink: Int = 1 << 20, seed: UInt64? = nil
  ) {
    self.tries = tries
    self.tryTime = tryTime
    self.firstPause = firstPause
    self.longestPause = longestPause
    self.longestBusyPause = longestBusyPause
    self.slowestLink = slowestLink
    self.seed = seed
  }

  /// Each request is sent once, and waited for as long as its time-out says.
  public static let never = RetryPolicy(tries: 1, tryTime: .seconds(1 << 40))
}

extension RetryPolicy {
  /// Before the next try, after so many that failed.
  func pause(
    after failures: Int, using generator: inout some RandomNumberGenerator
  ) -> Duration {
    let factor = Double(sign: .plus, exponent: min(max(0, failures - 1), 60), significand: 1)
    let longest = min(max(0, longestPause.seconds), max(0, firstPause.seconds) * factor)
    return .seconds(Double.random(in: 0...longest, using: &generator))
  }

  /// How long a try lasts whose message has so many bytes.
  func tryTime(bytes: Int) -> Duration {
    max(.zero, tryTime) + .seconds(max(0, bytes) / max(1, slowestLink))
  }

  /// How long a server that is busy is left alone; 0 where it does not say.
  func busyPause(retryAfterMilliseconds: Double?) -> Duration {
    let seconds = (retryAfterMilliseconds ?? 0) / 1000
    return .seconds(min(max(0, seconds), max(0, longestBusyPause.seconds)))
  }

  var generator: SplitMix64 { SplitMix64(seed: seed ?? .random(in: .min ... .max)) }
}

extension Duration {
  var seconds: Double {
    let (whole, rest) = components
    return Double(whole) + Double(rest) * 1e-18
  }
}
