import Foundation
import FoundationNetworking
import Glibc
import Testing

@testable import Telemetry

/// Over real loopback sockets, on ports that the system picks.
@Suite(.timeLimit(.minutes(2)))
struct HealthServerTests {
  let metrics = ServerMetrics()

  private func serve(
    timeout: Duration = .seconds(60), connections: Int = 32,
    _ body: (HealthServer, HostPort) async throws -> Void
  ) async throws {
    var limits = HealthServer.Limits()
    (limits.timeout, limits.connections) = (timeout, connections)
    let server = try HealthServer(
      address: "127.0.0.1:0", metrics: metrics.registry, limits: limits)
    let address = try await server.start()
    #expect(address.host == "127.0.0.1" && address.port != 0)
    do {
      try await body(server, address)
    } catch {
      await server.stop()
      throw error
    }
    await server.stop()
  }

  @Test func thePages() async throws {
    metrics.requests.increment("segment", "ok", by: 2)
    try await serve { _, address in
      let page = try await RawClient.get(address, "/metrics")
      #expect(page.status == 200)
      #expect(page.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8")
      #expect(page.headers["content-length"] == "\(page.body.utf8.count)")
      #expect(page.headers["connection"] == "close")
      let samples = Samples(page.body)
      #expect(samples[#"segsam_requests_total{method="segment",code="ok"}"#] == 2)
      #expect(samples["process_resident_memory_bytes"] ?? 0 > 0)
      let health = try await RawClient.get(address, "/healthz?verbose=1")
      #expect(health.status == 200 && health.body == "ok\n")
      for path in ["/", "/metrics/", "/healthz/x", "/Metrics", "/../etc/passwd", "/%6detrics"] {
        #expect(try await RawClient.get(address, path).status == 404, "\(path)")
      }
    }
  }

  @Test func readinessFollowsTheServer() async throws {
    try await serve { server, address in
      let expected: [(Readiness?, Int, String)] = [
        (nil, 503, "starting\n"), (.ready, 200, "ready\n"), (.draining, 503, "draining\n"),
        (.starting, 503, "starting\n"),
      ]
      for (readiness, status, body) in expected {
        if let readiness { server.readiness = readiness }
        let reply = try await RawClient.get(address, "/readyz")
        #expect(reply.status == status && reply.body == body)
        #expect(try await RawClient.get(address, "/healthz").status == 200)
      }
    }
  }

  @Test(arguments: ["POST", "PUT", "DELETE", "OPTIONS", "HEAD", "PATCH", "BREW"])
  func otherMethodsAreNotAllowed(method: String) async throws {
    try await serve { _, address in
      for path in ["/metrics", "/healthz", "/readyz"] {
        let reply = try await RawClient.get(address, path, method: method)
        #expect(reply.status == 405 && reply.headers["allow"] == "GET")
        #expect(reply.body == (method == "HEAD" ? "" : "method not allowed\n"))
      }
      #expect(try await RawClient.get(address, "/x", method: method).status == 404)
    }
  }

  @Test(arguments: [
    ("hello\r\n\r\n", 400), ("\r\n\r\n", 400), ("GET /metrics HTTP/2.0\r\n\r\n", 400),
    ("GET  /metrics HTTP/1.1\r\n\r\n", 400), ("get /metrics HTTP/1.1\r\n\r\n", 400),
    ("GET http://x/metrics HTTP/1.1\r\n\r\n", 400), ("\u{0}\u{7f}é / HTTP/1.1\r\n\r\n", 400),
    ("GET /healthz HTTP/1.0\r\n\r\n", 200),
    ("GET /" + String(repeating: "a", count: 9000) + " HTTP/1.1\r\n\r\n", 431),
    (
      "GET /healthz HTTP/1.1\r\n" + String(repeating: "X-A: b\r\n", count: 2000) + "\r\n", 431
    ),
  ])
  func whatIsNoRequest(request: String, status: Int) async throws {
    try await serve { _, address in
      let reply = try await RawClient.ask(address, request)
      #expect(reply.status == status)
    }
  }

  @Test func aRequestInPieces() async throws {
    try await serve { _, address in
      let client = try RawClient(to: address)
      for piece in ["GET /hea", "lthz HTTP/1.1\r\nHost: x\r", "\n\r", "\n"] {
        await client.send(piece)
      }
      #expect(RawReply(try #require(await client.receive())).body == "ok\n")
    }
  }

  /// A body within the bound does not cost the client its answer; one past it costs the server
  /// nothing.
  @Test func bodies() async throws {
    try await serve { _, address in
      func post(_ size: Int) async throws -> RawReply {
        try await RawClient.ask(
          address,
          "POST /metrics HTTP/1.1\r\nContent-Length: \(size)\r\n\r\n"
            + String(repeating: "x", count: size))
      }
      #expect(try await post(32 << 10).status == 405)
      _ = try await post(16 << 20)
      #expect(try await RawClient.get(address, "/healthz").status == 200)
    }
  }

  /// Silence, and a head that never ends, are cut off at the deadline.
  @Test(arguments: ["", "GET /healthz HTTP/1.1\r\n"])
  func requestsTimeOut(start: String) async throws {
    try await serve(timeout: .milliseconds(100)) { _, address in
      let client = try RawClient(to: address)
      await client.send(start)
      #expect(await client.receive() == "")
    }
  }

  @Test func connectionsAreBounded() async throws {
    try await serve(connections: 2) { _, address in
      // Accepted in the order of their coming.
      let held = [try RawClient(to: address), try RawClient(to: address)]
      #expect(try await RawClient.get(address, "/healthz").status == 0)
      for client in held {
        await client.send("GET /healthz HTTP/1.1\r\n\r\n")
        #expect(RawReply(try #require(await client.receive())).status == 200)
      }
    }
  }

  @Test func manyAtOnce() async throws {
    try await serve(connections: 64) { _, address in
      try await withThrowingTaskGroup { group in
        for _ in 0..<40 {
          group.addTask { try await RawClient.get(address, "/metrics").status }
        }
        for try await status in group { #expect(status == 200) }
      }
    }
  }

  /// Another client than the one of these tests.
  @Test func foundationReadsIt() async throws {
    try await serve { server, address in
      server.readiness = .ready
      let session = URLSession(configuration: .ephemeral)
      defer { session.invalidateAndCancel() }
      for (path, body) in [("healthz", "ok\n"), ("readyz", "ready\n")] {
        let url = try #require(URL(string: "http://\(address)/\(path)"))
        let (data, response) = try await session.data(from: url)
        #expect((response as? HTTPURLResponse)?.statusCode == 200)
        #expect(String(decoding: data, as: UTF8.self) == body)
      }
      let url = try #require(URL(string: "http://\(address)/metrics"))
      let (data, _) = try await session.data(from: url)
      #expect(Samples(String(decoding: data, as: UTF8.self))["segsam_ready"] == 0)
    }
  }
}
