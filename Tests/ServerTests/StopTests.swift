import JSONC
import Logging
import SegSAMTesting
import Server
import ServiceLifecycle
import Testing
import Vocabulary
import ZeroMQ

/// Starting and stopping.
@Suite(.timeLimit(.minutes(1)))
struct StopTests {
  func service(
    _ change: (inout SegmentService.Configuration) -> Void = { _ in },
    onReady: (@Sendable (SegmentService.Endpoints) -> Void)? = nil
  ) -> SegmentService {
    SegmentService(
      configuration: .test(change), engine: FakeEngine.standard(),
      vocabulary: Vocabulary.small,
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, onReady: onReady)
  }

  @Test func aStopFinishesWhatIsThere() async throws {
    let gate = FakeEngine.Gate()
    try await TestServer.with(engine: .standard(gate: gate)) { server in
      let client = try await server.client()
      try client.sendSegment(id: "running")
      await gate.reached()
      try client.sendSegment(id: "waiting")
      _ = try await client.ask(request("status", id: "s"))
      async let stopped: Void = server.service.stop()
      var ready: JSONValue? = true
      var asked = 0
      while ready != false {
        asked += 1
        ready = try await client.ask(request("status", id: "s\(asked)")).result?["ready"]
      }
      try client.sendSegment(id: "late")
      let late = try await client.reply()
      #expect(late.id == "late" && late.code == "busy")
      await gate.open()
      let answers = try await [client.reply(), client.reply()]
      #expect(answers.map(\.id) == ["running", "waiting"])
      #expect(answers.allSatisfy { $0.status == "ok" })
      await stopped
    }
  }

  @Test func afterTheGraceTheQueueIsAnswered() async throws {
    let gate = FakeEngine.Gate()
    try await TestServer.with(
      engine: .standard(gate: gate), .test { $0.stopGrace = .milliseconds(50) }
    ) { server in
      let client = try await server.client()
      try client.sendSegment(id: "running")
      await gate.reached()
      try client.sendSegment(id: "waiting")
      _ = try await client.ask(request("status", id: "s"))
      await server.service.stop()
      let answers = try await [client.reply(), client.reply()]
      #expect(answers.map(\.id) == ["waiting", "running"])
      #expect(answers.map(\.code) == ["busy", "busy"])
    }
  }

  @Test(arguments: [
    "tcp://*:0", "tcp://0.0.0.0:*", "tcp://10.0.0.1:5555", "tcp://127.evil.com:1",
    "tcp://[::]:5555", "tcp://127.0.0.1.evil.com:1", "nonsense",
  ])
  func othersAreNotLetInUnasked(address: String) async throws {
    for isPublish in [false, true] {
      let service = service {
        if isPublish { $0.publish = address } else { $0.bind = address }
      }
      let error = await #expect(throws: ServiceError.self) { _ = try await service.start() }
      #expect(error?.code == .insecureBind)
    }
  }

  @Test func insecureMustBeSaid() async throws {
    let service = service {
      $0.bind = "tcp://*:*"
      $0.isInsecure = true
    }
    let endpoints = try await service.start()
    #expect(endpoints.bind.hasPrefix("tcp://"))
    await service.stop()
  }

  @Test func aTakenAddressIsAnError() async throws {
    let first = service()
    let endpoints = try await first.start()
    let second = service { $0.bind = endpoints.bind }
    let error = await #expect(throws: ServiceError.self) { _ = try await second.start() }
    #expect(error?.code == .bindFailed)
    let again = await #expect(throws: ServiceError.self) { _ = try await first.start() }
    #expect(again?.code == .alreadyStarted)
    await first.stop()
  }

  @Test func runSaysWhenItIsReadyAndEndsWithItsTask() async throws {
    let (ready, sink) = AsyncStream.makeStream(of: SegmentService.Endpoints.self)
    let service = service(onReady: { sink.yield($0) })
    let run = Task { try await service.run() }
    var endpoints = ready.makeAsyncIterator()
    let first = try #require(await endpoints.next())
    let loop = try SocketLoop()
    let peer = Peer(try await loop.open(.dealer, at: [.connect(first.bind)]))
    #expect(try await peer.ask(request("status", id: "1")).status == "ok")
    run.cancel()
    try await run.value
    await loop.shutdown(grace: .zero)
  }

  @Test func aGracefulShutdownEndsTheService() async throws {
    let (ready, sink) = AsyncStream.makeStream(of: SegmentService.Endpoints.self)
    let service = service(onReady: { sink.yield($0) })
    let group = ServiceGroup(
      services: [service], logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    let run = Task { try await group.run() }
    var endpoints = ready.makeAsyncIterator()
    #expect(await endpoints.next() != nil)
    await group.triggerGracefulShutdown()
    try await run.value
  }
}
