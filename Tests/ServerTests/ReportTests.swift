import JSONC
import SegSAMTesting
import Server
import Testing
import ZeroMQ

/// `report`.
@Suite(.timeLimit(.minutes(1)))
struct ReportTests {
  func ask(
    _ client: Peer, _ parameters: JSONObject, id: String = "1"
  ) async throws -> Answered {
    let image = TestImage()
    return try await client.ask(
      request("report", id: id, parameters, inputs: [image.entry]), [image.bytes])
  }

  @Test func namedCategoriesAreAllReported() async throws {
    try await TestServer.with(engine: .standard(absent: ["spleen"])) { server in
      let client = try await server.client()
      let answer = try await ask(client, ["categories": ["spleen", "肝", "thymus"]])
      let findings = try #require(answer.result?["report"]?["findings"]?.arrayValue)
      #expect(findings.map { $0["category"] } == ["spleen", "liver", "thymus"])
      #expect(findings.map { $0["present"] } == [false, true, false])
      let masks = try await client.segment(["categories": ["liver"]], id: "2")
      #expect(findings[1]["voxels"] == masks.category(0)?["voxels"])
      #expect(findings[1]["bbox"] == masks.category(0)?["bbox"])
    }
  }

  @Test func withoutNamesWhatIsFoundIsReported() async throws {
    let engine = FakeEngine.standard(absent: ["spleen", "right_kidney"])
    try await TestServer.with(engine: engine) { server in
      let answer = try await ask(try await server.client(), [:])
      let findings = try #require(answer.result?["report"]?["findings"]?.arrayValue)
      #expect(findings.map { $0["category"] } == ["liver", "pancreas", "left_kidney"])
    }
  }

  @Test func withoutNamesWhatIsNotDrawnIsLeftOut() async throws {
    let engine = FakeEngine.standard(absent: ["spleen"], undrawn: ["pancreas"])
    try await TestServer.with(engine: engine) { server in
      let client = try await server.client()
      let answer = try await ask(client, [:])
      let findings = try #require(answer.result?["report"]?["findings"]?.arrayValue)
      #expect(findings.map { $0["category"] } == ["liver", "left_kidney", "right_kidney"])
      // Who asked for it by name is told what is known of it.
      let named = try await ask(client, ["categories": ["pancreas"]], id: "2")
      let finding = try #require(named.result?["report"]?["findings"]?[0])
      #expect(finding["present"] == true && finding["voxels"] == 0)
    }
  }

  @Test func aPageComesAsAnOutputAndTheReportOnTheStream() async throws {
    try await TestServer.with(.test { $0.heartbeat = .milliseconds(50) }) { server in
      let subscriber = try await server.subscriber("report.s1")
      let answer = try await ask(
        try await server.client(),
        ["categories": ["liver"], "format": "html", "publish": "s1"])
      #expect(answer.header["outputs"]?[0]?["name"] == "html")
      #expect(answer.header["outputs"]?[0]?["datatype"] == "BYTES")
      let page = try #require(answer.outputs.first.map { String(decoding: $0, as: UTF8.self) })
      #expect(page.hasPrefix("<!DOCTYPE html>") && page.contains("liver"))
      var frames = try await subscriber.frames()
      while frames[0].text == "heartbeat" { frames = try await subscriber.frames() }
      #expect(frames[0].text == "report.s1")
      let header = try JSONValue(parsing: frames[1].bytes)
      #expect(header["result"]?["report"] == answer.result?["report"])
      #expect(header["study"] == "s1" && header["request"] == answer.header["request"])
    }
  }

  @Test func unknownNamesAreRefused() async throws {
    try await TestServer.with { server in
      let answer = try await ask(try await server.client(), ["categories": ["lver"]])
      #expect(answer.code == "unknown_category")
    }
  }
}
