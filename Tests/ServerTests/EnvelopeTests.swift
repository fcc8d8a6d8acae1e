import JSONC
import SegSAMTesting
import Server
import Testing
import ZeroMQ

/// REQ clients, DEALER clients, progress.
@Suite(.timeLimit(.minutes(1)))
struct EnvelopeTests {
  @Test func aREQClientGetsFinalRepliesOnly() async throws {
    try await TestServer.with { server in
      let client = try await server.client(.request)
      #expect(try await client.segment(["categories": ["liver"]]).status == "ok")
      let refused = try await client.segment(
        ["categories": ["liver"]], id: "2", ["progress": true])
      #expect(refused.code == "invalid_argument")
      #expect(refused.header["error"]?["details"]?["path"] == "progress")
      #expect(try await client.ask(request("status", id: "3")).status == "ok")
    }
  }

  @Test func anEmptyFirstFrameIsMirrored() async throws {
    try await TestServer.with { server in
      let client = try await server.client()
      let header = try request("status", id: "1").encoded()
      client.endpoint.send([Frame([]), Frame(header)])
      let frames = try await client.frames()
      #expect(frames.count == 2 && frames[0].isEmpty)
      client.endpoint.send([Frame([]), Frame("nonsense")])
      let refused = try await client.frames()
      #expect(refused.count == 2 && refused[0].isEmpty)
    }
  }

  @Test func progressComesBeforeTheOneFinalReply() async throws {
    try await TestServer.with { server in
      let client = try await server.client()
      try client.sendSegment(id: "v", image: TestImage(shape: [6, 8, 8]), ["progress": true])
      var statuses: [String] = []
      var last: Answered?
      repeat {
        last = try await client.reply()
        statuses.append(last?.status ?? "none")
      } while last?.status == "accepted" || last?.status == "partial"
      #expect(statuses.first == "accepted" && statuses.last == "ok")
      #expect(statuses.dropFirst().dropLast().allSatisfy { $0 == "partial" })
      #expect(statuses.contains("partial"))
      #expect(try await client.ask(request("status", id: "s")).id == "s")
    }
  }
}
