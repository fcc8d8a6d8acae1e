import JSONC
import SegSAM
import SegSAMTesting
import Server
import Synchronization
import Testing
import Vocabulary
import ZeroMQ

/// `stream.replay`, and loading another model.
@Suite(.timeLimit(.minutes(1)))
struct ReplayTests {
  private func publish(_ server: TestServer, _ client: Peer, studies: Int) async throws {
    for n in 0..<studies {
      let answer = try await client.segment(
        ["categories": ["liver", "spleen"], "publish": .string("s\(n)")], id: "p\(n)")
      #expect(answer.status == "ok")
    }
  }

  @Test func whatWasPublishedComesAgain() async throws {
    try await TestServer.with { server in
      let subscriber = try await server.subscriber("result.")
      let client = try await server.client()
      try await publish(server, client, studies: 3)
      var live: [(topic: String, header: JSONValue, tensor: [UInt8])] = []
      while live.count < 6 {
        let frames = try await subscriber.frames()
        guard frames[0].text.hasPrefix("result.") else { continue }
        live.append((frames[0].text, try JSONValue(parsing: frames[1].bytes), frames[2].bytes))
      }
      let replay = try await client.ask(
        request("stream.replay", id: "r", ["from": 0, "topics": ["result."]]))
      let messages = try #require(replay.result?["messages"]?.arrayValue)
      #expect(messages.map { $0["topic"]?.stringValue } == live.map(\.topic))
      #expect(messages.map { $0["header"] } == live.map(\.header))
      #expect(replay.outputs == live.map(\.tensor))
      #expect(messages.allSatisfy { $0["outputs"] == 1 })
      #expect(replay.result?["truncated"] == false && replay.result?["oldest"] == 1)
    }
  }

  @Test func goesOnWhereItStopped() async throws {
    try await TestServer.with { server in
      let client = try await server.client()
      try await publish(server, client, studies: 4)
      var (from, topics, rounds) = (0, [String](), 0)
      while true {
        let replay = try await client.ask(
          request(
            "stream.replay", id: "r\(rounds)",
            ["from": JSONValue(from), "topics": ["result.s1.", "result.s3."], "limit": 3]))
        let messages = try #require(replay.result?["messages"]?.arrayValue)
        topics += messages.compactMap { $0["topic"]?.stringValue }
        let next = try #require(replay.result?["next"]?.intValue)
        #expect(next > from)
        (from, rounds) = (next, rounds + 1)
        guard replay.result?["truncated"] == true else { break }
      }
      #expect(
        topics == [
          "result.s1.liver", "result.s1.spleen", "result.s3.liver", "result.s3.spleen",
        ])
      let status = try await client.ask(request("status", id: "s"))
      #expect(status.result?["position"]?.intValue ?? 0 >= from)
    }
  }

  @Test func anotherModelAnswersFromThenOn() async throws {
    let gate = FakeEngine.Gate()
    let other = FakeEngine(trained: ["spleen"], model: ModelInfo(name: "other", version: "2"))
    let reload: SegmentService.Reload = { name in
      guard name == "other" else { throw CancellationError() }
      return SegmentService.Loaded(engine: other, vocabulary: Vocabulary.small)
    }
    try await TestServer.with(engine: .standard(gate: gate), reload: reload) { server in
      let client = try await server.client()
      try client.sendSegment(id: "before")
      await gate.reached()
      let wrong = try await client.ask(request("model.reload", id: "w", ["name": "no"]))
      #expect(wrong.code == "invalid_argument")
      let loaded = try await client.ask(request("model.reload", id: "r", ["name": "other"]))
      #expect(loaded.result?["model"] == ["name": "other", "version": "2"])
      let after = try await server.client()
      try after.sendSegment(["categories": ["spleen"]], id: "after")
      await gate.open()
      // What ran is finished by the model that began it.
      let (first, second) = try await (client.reply(), after.reply())
      #expect(first.id == "before" && first.header["model"]?["name"] == "fake")
      #expect(second.header["model"]?["name"] == "other")
      #expect(other.segmentCalls == 1)
    }
  }

  @Test func withoutANameTheModelInUseIsReadAgain() async throws {
    let asked = Mutex<[String?]>([])
    let reload: SegmentService.Reload = { name in
      asked.withLock { $0.append(name) }
      if name == "broken" { throw CancellationError() }
      return SegmentService.Loaded(
        engine: FakeEngine(model: ModelInfo(name: name ?? "first", version: "1")),
        vocabulary: Vocabulary.small)
    }
    try await TestServer.with(reload: reload) { server in
      let client = try await server.client()
      for (id, name) in [nil, "other", nil, "broken", nil].enumerated() {
        let parameters: JSONObject = name.map { ["name": .string($0)] } ?? [:]
        _ = try await client.ask(request("model.reload", id: "\(id)", parameters))
      }
    }
    #expect(asked.withLock { $0 } == [nil, "other", "other", "broken", "other"])
  }

  @Test func reloadIsOfferedWhereThereIsSomethingToLoad() async throws {
    try await TestServer.with { server in
      let client = try await server.client()
      let refused = try await client.ask(request("model.reload", id: "r"))
      #expect(refused.code == "unknown_method")
      let capabilities = try await client.ask(request("capabilities", id: "c"))
      let methods = capabilities.result?["methods"]?.arrayValue?.compactMap(\.stringValue) ?? []
      #expect(methods.contains("stream.replay") && !methods.contains("model.reload"))
    }
  }
}
