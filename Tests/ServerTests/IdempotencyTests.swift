import JSONC
import SegSAMTesting
import Server
import Testing
import ZeroMQ

/// The same id again (protocol: Request header).
@Suite(.timeLimit(.minutes(1)))
struct IdempotencyTests {
  static let uuid: JSONObject = ["client": "0b51a3ce-5d21-4c1e-9a55-0d6f3a2b1c00"]

  @Test func theStoredAnswerComesAgainOverAnotherSocket() async throws {
    try await TestServer.with { server in
      let first = try await server.client().segment(
        ["categories": ["liver"]], id: "x", Self.uuid)
      var more = Self.uuid
      for (key, value) in [("priority", 3), ("deadline_ms", 9999)] as [(String, JSONValue)] {
        more[key] = value
      }
      let again = try await server.client().segment(["categories": ["liver"]], id: "x", more)
      #expect(again.header == first.header)
      #expect(again.outputs == first.outputs)
      #expect(server.engine.segmentCalls == 1)
    }
  }

  @Test func otherContentIsAConflict() async throws {
    try await TestServer.with { server in
      let client = try await server.client()
      _ = try await client.segment(["categories": ["liver"]], id: "x")
      for image in [TestImage(), TestImage(seed: 1)] {
        let query: JSONValue = image.seed == 0 ? ["spleen"] : ["liver"]
        let answer = try await client.segment(["categories": query], id: "x", image: image)
        #expect(answer.code == "id_conflict" && answer.id == "x")
      }
      #expect(server.engine.segmentCalls == 1)
    }
  }

  @Test func idsBelongToTheirClient() async throws {
    try await TestServer.with { server in
      for _ in 0..<2 {
        let answer = try await server.client().segment(["categories": ["liver"]], id: "x")
        #expect(answer.status == "ok")
      }
      #expect(server.engine.segmentCalls == 2)
    }
  }

  @Test func aRequestInFlightIsJoinedByWhoAskedLast() async throws {
    let gate = FakeEngine.Gate()
    try await TestServer.with(engine: .standard(gate: gate)) { server in
      let first = try await server.client()
      let second = try await server.client()
      try first.sendSegment(id: "x", Self.uuid)
      await gate.reached()
      try second.sendSegment(id: "x", Self.uuid)
      try second.sendSegment(["categories": ["spleen"]], id: "x", Self.uuid)
      #expect(try await second.reply().code == "id_conflict")
      await gate.open()
      #expect(try await second.reply().status == "ok")
      #expect(server.engine.segmentCalls == 1)
      // The first route got nothing: its next reply is that of its next request.
      #expect(try await first.ask(request("status", id: "s")).id == "s")
    }
  }

  @Test func answersAreBoundedInBytes() async throws {
    try await TestServer.with(.test { $0.budget.storedAnswerBytes = 1500 }) { server in
      let client = try await server.client()
      for id in ["a", "b", "c"] {
        _ = try await client.segment(["categories": ["liver"]], id: id)
      }
      _ = try await client.segment(["categories": ["liver"]], id: "a")
      #expect(server.engine.segmentCalls == 4)
    }
  }
}
