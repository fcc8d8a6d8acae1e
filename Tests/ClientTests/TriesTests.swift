import Testing

@testable import Client

struct TriesTests {
  static let policy = RetryPolicy(
    tries: 3, tryTime: .seconds(10), firstPause: .seconds(1), longestPause: .seconds(5),
    longestBusyPause: .seconds(60), seed: 7)

  @Test(
    "Pauses fill what doubles from the first to the longest",
    arguments: [(1, 1.0), (2, 2), (3, 4), (4, 5), (5, 5), (100_000, 5)])
  func jitter(failures: Int, most: Double) {
    var generator = Self.policy.generator
    let pauses = (0..<2000).map { _ in
      Self.policy.pause(after: failures, using: &generator).seconds
    }
    #expect(pauses.allSatisfy { (0...most).contains($0) })
    // Uniform over 0...most: mean and extremes of 2000 draws of a fixed seed.
    #expect(abs(pauses.reduce(0, +) / 2000 - most / 2) < most * 0.03)
    #expect((pauses.min() ?? 9) < most * 0.01 && (pauses.max() ?? 0) > most * 0.99)
  }

  @Test func aSeedGivesTheSamePauses() {
    var (a, b, c) = (
      Self.policy.generator, Self.policy.generator, RetryPolicy(seed: 8).generator
    )
    let pauses = (1...20).map { Self.policy.pause(after: $0, using: &a) }
    #expect(pauses == (1...20).map { Self.policy.pause(after: $0, using: &b) })
    #expect(pauses != (1...20).map { Self.policy.pause(after: $0, using: &c) })
    (a, b) = (RetryPolicy().generator, RetryPolicy().generator)
    let unlike = (a.next(), b.next())
    #expect(unlike.0 != unlike.1)
  }

  /// Vigna's splitmix64.c, seed 1234567.
  @Test func generator() {
    var generator = SplitMix64(seed: 1_234_567)
    #expect(
      (0..<3).map { _ in generator.next() } == [
        6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
      ])
  }

  @Test func silence() {
    var generator = Self.policy.generator
    var tries = Tries(policy: Self.policy, bytes: 0, now: .zero, end: .seconds(1000))
    #expect(tries.due == .seconds(10) && tries.phase == .waiting)
    let isMore = tries.fail(at: .seconds(10), using: &generator)
    #expect(isMore && tries.phase == .pausing(isSilent: true))
    #expect(tries.due > .seconds(10) && tries.due <= .seconds(11))
    tries.send(at: .seconds(11))
    #expect(tries.due == .seconds(21) && tries.failures == 1)
    let isMoreYet = tries.fail(sentAgainAt: .seconds(15))
    #expect(isMoreYet && tries.due == .seconds(25))
    let isLast = tries.fail(at: .seconds(25), using: &generator)
    #expect(!isLast)
  }

  @Test func aSignOfLifeBeginsAnew() {
    var generator = Self.policy.generator
    var tries = Tries(policy: Self.policy, bytes: 0, now: .zero, end: .seconds(1000))
    for n in 1...20 {
      let isMore = tries.fail(at: .seconds(n * 20), using: &generator)
      #expect(isMore)
      tries.hear(at: .seconds(n * 20 + 1))
      #expect(tries.phase == .waiting && tries.due == .seconds(n * 20 + 11))
    }
  }

  @Test(
    arguments: [(nil, 0.0), (-5, 0), (1500, 1.5), (1e300, 60), (60_000, 60)] as [(Double?, Double)])
  func busy(retryAfter: Double?, seconds: Double) {
    var generator = Self.policy.generator
    var tries = Tries(policy: Self.policy, bytes: 0, now: .zero, end: .seconds(1000))
    for most in [1.0, 2] {
      let isAgain = tries.beBusy(
        at: .seconds(100), retryAfterMilliseconds: retryAfter, using: &generator)
      #expect(isAgain && tries.phase == .pausing(isSilent: false))
      #expect((100 + seconds...100 + seconds + most).contains(tries.due.seconds))
    }
    let isAgain = tries.beBusy(at: .zero, retryAfterMilliseconds: retryAfter, using: &generator)
    #expect(!isAgain)
  }

  @Test func whatWouldNotEndInTimeIsNotTried() {
    var generator = Self.policy.generator
    var tries = Tries(policy: Self.policy, bytes: 0, now: .zero, end: .seconds(20))
    let isAgain = tries.beBusy(
      at: .seconds(5), retryAfterMilliseconds: 15_000, using: &generator)
    #expect(!isAgain)
    tries.send(at: .seconds(15))
    #expect(tries.due == .seconds(20))
  }

  @Test("Large requests get the time to be sent")
  func size() {
    let tries = Tries(
      policy: RetryPolicy(), bytes: 100 << 20, now: .zero, end: .seconds(1000))
    #expect(tries.due == .seconds(110))
    #expect(RetryPolicy(slowestLink: 0).tryTime(bytes: -1) == .seconds(10))
  }
}
