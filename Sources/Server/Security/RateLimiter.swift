import BusProtocol
import JSONC

/// Holds each client to its `ClientLimits`: a bucket of tokens that refills steadily, a token a
/// request, and the bytes that it has in flight.
///
/// The caller gives the time, which must not run backwards. Clients that have nothing in flight and
/// a full bucket are forgotten, which changes nothing for them.
struct RateLimiter<Client: Hashable & Sendable>: Sendable {
  private struct Account {
    var tokens: Double
    var time: ContinuousClock.Instant
    var requests = 0
    var bytes = 0
  }

  private var accounts: [Client: Account] = [:]
  private var lastSweep: ContinuousClock.Instant?
  let limits: ClientLimits
  /// Clients that are remembered; more at a time are told to come later.
  let clients: Int

  /// Between two looks for clients to forget, when the table is full: each goes through all of it.
  private static var sweepPause: Duration { .seconds(1) }

  init(limits: ClientLimits, clients: Int = 10_000) {
    self.limits = limits
    self.clients = clients
  }

  /// How many are remembered.
  var count: Int { accounts.count }

  /// Counts a request in, until `finish`. One that is refused costs nothing.
  ///
  /// - Parameter bytes: of its payloads.
  /// - Throws: `busy` with a time to retry after; `too_large` where it would not even go alone.
  mutating func admit(
    _ client: Client, bytes: Int, now: ContinuousClock.Instant
  ) throws(ProtocolError) {
    guard limits.needsAccounts else { return }
    if accounts[client] == nil { try makeRoom(now: now) }
    var account =
      accounts[client] ?? Account(tokens: limits.capacity, time: now)
    account.tokens = tokens(of: account, now: now)
    account.time = now
    if let most = limits.bytesInFlight {
      guard bytes <= most else {
        throw .tooLarge(limit: "client_bytes_in_flight", maximum: most, actual: bytes)
      }
      guard account.bytes <= most - bytes else {
        throw Self.busy("this client's requests in flight are as large as they may be", after: 100)
      }
    }
    if let rate = limits.requestsPerSecond {
      guard account.tokens >= 1 else {
        let pause = (1 - account.tokens) / rate * 1000
        throw Self.busy("more requests than this client may send a second", after: pause)
      }
      account.tokens -= 1
    }
    account.requests += 1
    account.bytes += bytes
    accounts[client] = account
  }

  /// The final reply of a request that was counted in, or its end without.
  mutating func finish(_ client: Client, bytes: Int) {
    guard var account = accounts[client], account.requests > 0 else { return }
    account.requests -= 1
    account.bytes = account.requests == 0 ? 0 : max(0, account.bytes - bytes)
    accounts[client] = account
  }

  /// Forgets the clients that lose nothing by it.
  mutating func removeIdle(now: ContinuousClock.Instant) {
    lastSweep = now
    accounts = accounts.filter { _, account in
      account.requests > 0 || tokens(of: account, now: now) < limits.capacity
    }
  }

  private mutating func makeRoom(now: ContinuousClock.Instant) throws(ProtocolError) {
    guard accounts.count >= clients else { return }
    if lastSweep.map({ now - $0 >= Self.sweepPause }) ?? true { removeIdle(now: now) }
    guard accounts.count < clients else { throw Self.busy("too many clients", after: 1000) }
  }

  private func tokens(of account: Account, now: ContinuousClock.Instant) -> Double {
    guard let rate = limits.requestsPerSecond else { return limits.capacity }
    let elapsed = max(0, (now - account.time) / .seconds(1))
    return min(limits.capacity, account.tokens + elapsed * rate)
  }

  /// - Parameter pause: milliseconds.
  private static func busy(_ what: String, after pause: Double) -> ProtocolError {
    let milliseconds = Int(min(60_000, max(1, pause.rounded(.up))))
    return ProtocolError(
      .busy, "\(what): try again later", details: ["retry_after_ms": JSONValue(milliseconds)])
  }
}
