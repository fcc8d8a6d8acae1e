import BusProtocol
import Imaging
import JSONC
import Logging
import SegSAM
import SegSAMTesting
import Server
import Testing
import Vocabulary
import ZeroMQ

/// A server with a fake engine on free ports, and clients that speak the protocol by hand.
struct TestServer: Sendable {
  let service: SegmentService
  let endpoints: SegmentService.Endpoints
  let engine: FakeEngine
  let loop: SocketLoop

  /// Runs `body` with a server, and stops it whatever happens.
  static func with(
    engine: FakeEngine = .standard(), _ configuration: SegmentService.Configuration = .test(),
    reload: SegmentService.Reload? = nil, body: (TestServer) async throws -> Void
  ) async throws {
    let service = SegmentService(
      configuration: configuration, engine: engine, vocabulary: .small,
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, reload: reload)
    let endpoints = try await service.start()
    let server = TestServer(
      service: service, endpoints: endpoints, engine: engine, loop: try SocketLoop())
    let outcome: Result<Void, any Error>
    do {
      outcome = .success(try await body(server))
    } catch {
      outcome = .failure(error)
    }
    await server.loop.shutdown(grace: .zero)
    await service.stop()
    try outcome.get()
  }

  func client(_ kind: SocketKind = .dealer) async throws -> Peer {
    Peer(try await loop.open(kind, at: [.connect(endpoints.bind)]))
  }

  /// Subscribed for certain: it has seen a heartbeat.
  func subscriber(_ topics: String...) async throws -> Peer {
    var options = SocketOptions()
    options.subscriptions = topics + ["heartbeat"]
    let peer = Peer(
      try await loop.open(.subscribe, at: [.connect(endpoints.publish)], options: options))
    _ = try await peer.frames()
    return peer
  }
}

extension SegmentService.Configuration {
  /// On free ports.
  static func test(_ change: (inout Self) -> Void = { _ in }) -> Self {
    var configuration = Self()
    configuration.bind = "tcp://127.0.0.1:*"
    configuration.publish = "tcp://127.0.0.1:*"
    configuration.stopGrace = .seconds(60)
    change(&configuration)
    return configuration
  }
}

extension FakeEngine {
  static func standard(
    absent: Set<String> = [], undrawn: Set<String> = [], gate: Gate? = nil,
    delay: Duration = .zero,
    failure: (@Sendable (Int) -> (any Error)?)? = nil
  ) -> FakeEngine {
    FakeEngine(
      absent: absent, undrawn: undrawn, delay: delay, gate: gate, failure: failure)
  }
}
