import Glibc
import Testing

@testable import Telemetry

/// Addresses, and the port's way from free to taken to free.
@Suite(.timeLimit(.minutes(2)))
struct ListeningTests {
  let registry = MetricRegistry()

  private func server(_ address: String) throws -> HealthServer {
    try HealthServer(address: address, metrics: registry)
  }

  @Test(arguments: ["127.0.0.1:9464", "0.0.0.0:0", "[::1]:9464", "[::]:65535"])
  func addresses(text: String) throws { #expect(try HostPort(text).description == text) }

  @Test(arguments: [
    "", ":", "9464", ":9464", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1",
    "127.0.0.1:+80", "127.0.0.1:8 0", "::1:9464", "[::1]", "[127.0.0.1]:80", "[]:80", "[::1:80",
    "localhost:9464", "127.1:80x", "256.0.0.1:80", "tcp://127.0.0.1:80", "127.0.0.1\u{0}:80",
  ])
  func noAddresses(text: String) {
    let error = #expect(throws: TelemetryError.self) { try server(text) }
    #expect(error?.code == .badAddress)
    #expect(error?.message.contains("127.0.0.1:9464") == true)
  }

  @Test func anAddressOfAnotherMachine() async throws {
    // TEST-NET-1 (RFC 5737).
    let server = try server("192.0.2.1:0")
    let error = await #expect(throws: TelemetryError.self) { try await server.start() }
    #expect(error?.code == .badAddress)
  }

  @Test func aTakenPort() async throws {
    let first = try server("127.0.0.1:0")
    let address = try await first.start()
    let second = try server(address.description)
    let error = await #expect(throws: TelemetryError.self) { try await second.start() }
    #expect(error?.code == .addressInUse)
    #expect(error?.message.contains(address.description) == true)
    #expect(try await RawClient.get(address, "/healthz").status == 200)
    await first.stop()
    #expect(try await second.start() == address)
    #expect(try await RawClient.get(address, "/healthz").status == 200)
    await second.stop()
  }

  @Test func startingTwice() async throws {
    let server = try server("127.0.0.1:0")
    try await server.start()
    let error = await #expect(throws: TelemetryError.self) { try await server.start() }
    #expect(error?.code == .alreadyStarted)
    await server.stop()
  }

  @Test func aStopClosesEverything() async throws {
    let server = try server("127.0.0.1:0")
    await server.stop()
    let address = try await server.start()
    let idle = try RawClient(to: address)
    #expect(try await RawClient.get(address, "/healthz").status == 200)
    await server.stop()
    #expect(await idle.receive() == "")
    let refused = #expect(throws: RawClient.Failure.self) { try RawClient(to: address) }
    #expect(refused?.number == ECONNREFUSED)
    // The same one again, though connections of the last time may linger.
    let again = try HealthServer(address: address.description, metrics: registry)
    #expect(try await again.start() == address)
    await again.stop()
    await again.stop()
    #expect(try await server.start().port != 0)
    await server.stop()
  }

  @Test(.enabled(if: hasIPv6)) func overIPv6() async throws {
    let server = try server("[::1]:0")
    let address = try await server.start()
    #expect(address.host == "::1" && address.port != 0)
    let second = try self.server("\(address)")
    let error = await #expect(throws: TelemetryError.self) { try await second.start() }
    #expect(error?.code == .addressInUse)
    await server.stop()
  }

  private static let hasIPv6 = access("/proc/net/if_inet6", R_OK) == 0
}
