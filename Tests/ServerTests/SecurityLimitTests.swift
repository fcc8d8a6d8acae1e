import BusProtocol
import JSONC
import Testing

@testable import Server

/// What a client may take, with the time given by hand.
struct SecurityLimitTests {
  let start = ContinuousClock.now

  func refusal(
    _ limiter: inout RateLimiter<String>, _ client: String = "a", bytes: Int = 0,
    at time: Duration = .zero
  ) -> ProtocolError? {
    do {
      try limiter.admit(client, bytes: bytes, now: start + time)
      return nil
    } catch {
      return error
    }
  }

  @Test func aBurstAndThenARate() {
    var limiter = RateLimiter<String>(limits: ClientLimits(requestsPerSecond: 2, burst: 3))
    for _ in 0..<3 { #expect(refusal(&limiter) == nil) }
    let error = refusal(&limiter)
    #expect(error?.code == .busy && error?.details["retry_after_ms"]?.intValue == 500)
    #expect(refusal(&limiter, at: .milliseconds(100))?.details["retry_after_ms"]?.intValue == 400)
    // Another client has its own.
    #expect(refusal(&limiter, "b") == nil)
    #expect(refusal(&limiter, at: .milliseconds(500)) == nil)
    #expect(refusal(&limiter, at: .milliseconds(501)) != nil)
    // However long the pause, no more than the burst.
    for _ in 0..<3 { #expect(refusal(&limiter, at: .seconds(3600)) == nil) }
    #expect(refusal(&limiter, at: .seconds(3600)) != nil)
  }

  @Test(arguments: [0.5, 3, 10, 1000]) func inTheLongRun(rate: Double) {
    var limiter = RateLimiter<String>(limits: ClientLimits(requestsPerSecond: rate))
    var admitted = 0
    for n in 0..<20_000 where refusal(&limiter, at: .milliseconds(5 * n)) == nil { admitted += 1 }
    // A request each 5 ms for 100 s: as many as the rate has it, or all.
    let expected = min(20_000, rate * 100 + max(1, rate))
    #expect(abs(Double(admitted) - expected) <= 0.02 * expected + 1)
  }

  @Test func bytesInFlight() {
    var limiter = RateLimiter<String>(limits: ClientLimits(bytesInFlight: 100))
    #expect(refusal(&limiter, bytes: 60) == nil)
    #expect(refusal(&limiter, bytes: 40) == nil)
    #expect(refusal(&limiter, bytes: 1)?.code == .busy)
    #expect(refusal(&limiter, bytes: 0) == nil)
    #expect(refusal(&limiter, "b", bytes: 100) == nil)
    let error = refusal(&limiter, bytes: 101)
    #expect(error?.code == .tooLarge && error?.details["maximum"]?.intValue == 100)
    #expect(refusal(&limiter, bytes: .max)?.code == .tooLarge)
    limiter.finish("a", bytes: 60)
    #expect(refusal(&limiter, bytes: 61)?.code == .busy)
    #expect(refusal(&limiter, bytes: 60) == nil)
    // Of nobody, or too often: nothing happens.
    limiter.finish("nobody", bytes: 10)
    for _ in 0..<9 { limiter.finish("b", bytes: 100) }
    #expect(refusal(&limiter, "b", bytes: 100) == nil)
    #expect(refusal(&limiter, "b", bytes: 1) != nil)
  }

  /// What is refused for its bytes takes no token.
  @Test func refusalsAreFree() {
    var limiter = RateLimiter<String>(
      limits: ClientLimits(requestsPerSecond: 1, burst: 2, bytesInFlight: 10))
    #expect(refusal(&limiter, bytes: 10) == nil)
    for _ in 0..<5 { #expect(refusal(&limiter, bytes: 5)?.code == .busy) }
    limiter.finish("a", bytes: 10)
    #expect(refusal(&limiter, bytes: 5) == nil)
  }

  @Test func theTableIsBounded() {
    var limiter = RateLimiter<String>(
      limits: ClientLimits(requestsPerSecond: 1, burst: 1), clients: 3)
    for client in ["a", "b", "c"] { #expect(refusal(&limiter, client) == nil) }
    #expect(refusal(&limiter, "d")?.code == .busy)
    for client in ["a", "b"] { limiter.finish(client, bytes: 0) }
    // Their buckets are not full yet: to forget them would be to give them a new one.
    #expect(refusal(&limiter, "d", at: .milliseconds(999)) != nil)
    #expect(refusal(&limiter, "d", at: .seconds(2)) == nil)
    // "c" has something in flight and is remembered, with its bucket.
    #expect(limiter.count == 2)
    #expect(refusal(&limiter, "c", at: .seconds(2)) == nil)
    #expect(refusal(&limiter, "c", at: .seconds(2)) != nil)
    limiter.removeIdle(now: start + .seconds(9))
    #expect(limiter.count == 2)
    for client in ["c", "c", "d"] { limiter.finish(client, bytes: 0) }
    limiter.removeIdle(now: start + .seconds(9))
    #expect(limiter.count == 0)
  }

  @Test func noLimits() {
    var limiter = RateLimiter<String>(limits: ClientLimits(), clients: 1)
    for n in 0..<100 { #expect(refusal(&limiter, "\(n)", bytes: .max) == nil) }
    #expect(limiter.count == 0)
    #expect(throws: Never.self) { try ClientLimits().checkHeld(.max) }
  }

  @Test func heldImages() {
    let limits = ClientLimits(imagesHeld: 2)
    #expect(throws: Never.self) { try limits.checkHeld(1) }
    let error = #expect(throws: ProtocolError.self) { try limits.checkHeld(2) }
    #expect(error?.code == .tooLarge)
  }

  @Test(arguments: [
    ClientLimits(requestsPerSecond: 0), ClientLimits(requestsPerSecond: -1),
    ClientLimits(requestsPerSecond: .nan), ClientLimits(requestsPerSecond: .infinity),
    ClientLimits(requestsPerSecond: 1, burst: 0), ClientLimits(bytesInFlight: 0),
    ClientLimits(imagesHeld: -1),
  ])
  func senselessLimits(limits: ClientLimits) {
    #expect(throws: ServiceError.self) { try limits.check() }
    #expect(throws: Never.self) {
      try ClientLimits().check()
      try ClientLimits(
        requestsPerSecond: 0.1, burst: 1, bytesInFlight: 1, imagesHeld: 0
      ).check()
    }
  }
}
