import BusProtocol
import Client
import SegSAM
import SegSAMTesting
import Server
import Testing

/// What a project that builds on this one tests with (docs/clients/swift.md).
@Suite(.timeLimit(.minutes(1)))
struct InProcessServerTests {
  private let image = ImageSource.pixels(
    [UInt8](repeating: 9, count: 32 * 24), datatype: .uint8, shape: [24, 32])

  @Test func answersWithoutAPort() async throws {
    let engine = FakeEngine(absent: ["spleen"])
    let queries = try await InProcessServer.with(engine: engine) { server in
      #expect(server.endpoints.bind.hasPrefix("inproc://"))
      let client = try await server.client()
      let answer = try await client.segment(image, ["liver", "脾"])
      #expect(try answer.binaryMasks()?.map(\.count) == [768, 768])
      return answer.result.categories
    }
    #expect(queries.map(\.category) == ["liver", "spleen"])
    #expect(queries.map(\.present) == [true, false])
    #expect(engine.segmentCalls == 1)
  }

  @Test func publishes() async throws {
    try await InProcessServer.with { server in
      let stream = try await server.subscriber([.results(study: "s"), .heartbeat])
      var events = stream.makeAsyncIterator()
      // It is subscribed once it hears something.
      let first = await events.next()
      #expect(first?.message.topic == .heartbeat)
      var parameters = SegmentParameters()
      (parameters.categories, parameters.publish) = (["liver"], "s")
      _ = try await server.client().segment(image, parameters)
      var topic: Topic?
      repeat { topic = await events.next()?.message.topic } while topic == .heartbeat
      #expect(topic == .result(study: "s", category: "liver"))
    }
  }

  @Test func serversDoNotMeet() async throws {
    try await InProcessServer.with { one in
      try await InProcessServer.with(engine: FakeEngine(trained: ["liver"])) { other in
        let listed = try await [one, other].asyncMap { server in
          try await server.client().categories().filter(\.trained).map(\.category)
        }
        #expect(listed[1] == ["liver"] && listed[0].contains("spleen"))
      }
    }
  }

  @Test func whatIsAtWorkWaitsForTheGate() async throws {
    let gate = FakeEngine.Gate()
    try await InProcessServer.with(engine: FakeEngine(gate: gate)) { server in
      let client = try await server.client()
      async let answer = client.segment(image, ["liver"])
      await gate.reached()
      #expect(try await client.status().inFlight == 1)
      await gate.open()
      #expect(try await answer.result.categories.count == 1)
    }
  }
}

extension Sequence {
  fileprivate func asyncMap<T>(_ change: (Element) async throws -> T) async rethrows -> [T] {
    var all: [T] = []
    for element in self { all.append(try await change(element)) }
    return all
  }
}
