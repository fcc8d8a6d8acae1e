import Foundation
import JSONC
import Journal
import SegSAMTesting
import Testing

@testable import Server

/// Durable requests (protocol: Request header), over the ends of servers.
@Suite(.timeLimit(.minutes(1)))
struct DurableTests {
  typealias Gate = FakeEngine.Gate

  static let durable: JSONObject = [
    "client": "0b51a3ce-5d21-4c1e-9a55-0d6f3a2b1c00", "durable": true,
  ]

  /// A folder that is gone with the test.
  private final class Folder {
    let url = FileManager.default.temporaryDirectory
      .appendingPathComponent("segsam-\(UUID().uuidString)")
    deinit { try? FileManager.default.removeItem(at: url) }
  }

  private func configuration(_ folder: Folder) -> SegmentService.Configuration {
    .test {
      $0.journal = folder.url
      $0.stopGrace = .milliseconds(20)
    }
  }

  @Test func isAcceptedAndAnswered() async throws {
    let folder = Folder()
    try await TestServer.with(configuration(folder)) { server in
      let client = try await server.client()
      let accepted = try await client.segment(["categories": ["liver"]], id: "a", Self.durable)
      #expect(accepted.status == "accepted" && accepted.header["request"]?.stringValue != nil)
      let answer = try await client.reply()
      #expect(answer.status == "ok" && answer.outputs.count == 2)
      let again = try await client.segment(["categories": ["liver"]], id: "a", Self.durable)
      #expect(again.header == answer.header && again.outputs == answer.outputs)
    }
    // Of an earlier life.
    let engine = FakeEngine.standard()
    try await TestServer.with(engine: engine, configuration(folder)) { server in
      let client = try await server.client()
      let again = try await client.segment(["categories": ["liver"]], id: "a", Self.durable)
      #expect(again.status == "ok" && again.outputs.count == 2)
      let other = try await client.segment(["categories": ["spleen"]], id: "a", Self.durable)
      #expect(other.code == "id_conflict")
    }
    #expect(engine.segmentCalls == 0)
  }

  @Test func outlivesTheServer() async throws {
    let folder = Folder()
    let gate = Gate()
    try await TestServer.with(engine: .standard(gate: gate), configuration(folder)) { server in
      let client = try await server.client()
      for id in ["running", "waiting"] {
        try client.sendSegment(id: id, Self.durable)
        #expect(try await client.reply().status == "accepted")
      }
      await gate.reached()
    }
    let engine = FakeEngine.standard()
    try await TestServer.with(engine: engine, configuration(folder)) { server in
      let client = try await server.client()
      for id in ["running", "waiting"] {
        try client.sendSegment(id: id, Self.durable)
        var answer = try await client.reply()
        if answer.status == "accepted" { answer = try await client.reply() }
        #expect(answer.status == "ok" && answer.id == id)
      }
    }
    #expect(engine.segmentCalls == 2)
  }

  @Test func whatAKillKeptFromTheStreamIsPublishedLater() async throws {
    let folder = Folder()
    let study: JSONObject = ["categories": ["liver", "spleen", "liver"], "publish": "s"]
    try await TestServer.with(configuration(folder)) { server in
      let client = try await server.client()
      try client.sendSegment(study, id: "a", Self.durable)
      #expect(try await client.reply().status == "accepted")
      #expect(try await client.reply().status == "ok")
    }
    let (requests, stream) = try journals(folder)
    #expect(try requests.outgoing().isEmpty)
    let whole = try stream.replay(from: 0, topics: ["result."], limit: 10, bytes: 1 << 20)
    #expect(whole.messages.count == 3)
    // As if it had died between the first message and the second.
    let frames = try #require(whole.messages.first?.frames)
    let name = try #require(try JSONValue(parsing: frames[0])["request"]?.stringValue)
    let key = JournalKey(owner: "client b", id: "b")
    let again = "12345678-0000-0000-0000-000000000000"
    func renamed(_ frames: [[UInt8]]) -> [[UInt8]] {
      let header = String(decoding: frames[0], as: UTF8.self).replacing(name, with: again)
      return [Array(header.utf8)] + frames.dropFirst()
    }
    try requests.accept(
      PendingRequest(key: key, request: again, digest: [1], frames: [[1]], arrival: Date()))
    try requests.finish(
      key, answer: JournalAnswer(digest: [1], frames: [[1]], time: Date()),
      outgoing: Outgoing(
        key: key, request: again,
        messages: whole.messages.map { [Array($0.topic.utf8)] + renamed($0.frames) }))
    _ = try stream.append(topic: whole.messages[0].topic, time: Date()) { _, _ in
      renamed(whole.messages[0].frames)
    }
    requests.close()
    stream.close()
    try await TestServer.with(configuration(folder)) { _ in }
    let (later, end) = try journals(folder)
    #expect(try later.outgoing().isEmpty)
    let all = try end.replay(from: 0, topics: ["result."], limit: 10, bytes: 1 << 20).messages
    let topics = ["result.s.liver", "result.s.spleen", "result.s.liver"]
    #expect(all.map(\.topic) == topics + topics)
    for (first, second) in zip(all, all.dropFirst(3)) {
      #expect(first.frames.dropFirst() == second.frames.dropFirst())
    }
    later.close()
    end.close()
  }

  private func journals(_ folder: Folder) throws -> (RequestJournal, StreamJournal) {
    (
      try RequestJournal(folder: folder.url, limits: JournalLimits()),
      try StreamJournal(folder: folder.url, limits: JournalLimits())
    )
  }

  @Test func cancelledOnesDoNotComeBack() async throws {
    let folder = Folder()
    let gate = Gate()
    try await TestServer.with(engine: .standard(gate: gate), configuration(folder)) { server in
      let client = try await server.client()
      try client.sendSegment(id: "a", Self.durable)
      #expect(try await client.reply().status == "accepted")
      await gate.reached()
      let uuid: JSONObject = ["client": Self.durable["client"] ?? .null]
      try client.send(request("cancel", id: "c", ["id": "a"], uuid))
      let replies = try await [client.reply(), client.reply()]
      #expect(Set(replies.map { $0.code ?? $0.status }) == ["cancelled", "ok"])
    }
    let journal = try RequestJournal(folder: folder.url, limits: JournalLimits())
    #expect(try journal.pending().isEmpty)
    journal.close()
  }

  @Test func oneThatFailsIsAnsweredAndForgotten() async throws {
    struct Fault: Error {}
    let folder = Folder()
    let engine = FakeEngine.standard(failure: { $0 == 1 ? Fault() : nil })
    try await TestServer.with(engine: engine, configuration(folder)) { server in
      let client = try await server.client()
      try client.sendSegment(id: "a", Self.durable)
      #expect(try await client.reply().status == "accepted")
      #expect(try await client.reply().code == "internal")
      try client.sendSegment(id: "a", Self.durable)
      #expect(try await client.reply().status == "accepted")
      #expect(try await client.reply().status == "ok")
    }
  }

  @Test func whatCannotBePromisedIsRefused() async throws {
    let folder = Folder()
    try await TestServer.with(configuration(folder)) { server in
      let client = try await server.client()
      let noClient = try await client.segment(
        ["categories": ["liver"]], id: "1", ["durable": true])
      #expect(noClient.code == "invalid_argument")
      #expect(noClient.header["error"]?["details"]?["path"] == "client")
      let held = try await client.ask(
        request(
          "segment", id: "2",
          ["categories": ["liver"], "image_id": "0123456789abcdef0123456789abcdef"], Self.durable))
      #expect(held.header["error"]?["details"]?["path"] == "parameters.image_id")
      let status = try await client.ask(request("status", id: "3", [:], Self.durable))
      #expect(status.code == "invalid_argument")
    }
    try await TestServer.with { server in
      let refused = try await server.client().segment(
        ["categories": ["liver"]], id: "1", Self.durable)
      #expect(refused.header["error"]?["details"]?["path"] == "durable")
    }
  }

  @Test func aFullJournalRefusesAndHeals() async throws {
    let folder = Folder()
    var configuration = configuration(folder)
    configuration.journalLimits.pendingBytes = 2000
    let gate = Gate()
    try await TestServer.with(engine: .standard(gate: gate), configuration) { server in
      let client = try await server.client()
      try client.sendSegment(id: "a", Self.durable)
      #expect(try await client.reply().status == "accepted")
      await gate.reached()
      let large = TestImage(shape: [40, 50])
      let refused = try await client.segment(
        ["categories": ["liver"]], id: "b", image: large, Self.durable)
      #expect(refused.code == "busy")
      // What is not durable goes on.
      try client.sendSegment(id: "c")
      await gate.open()
      #expect(try await [client.reply().status, client.reply().status] == ["ok", "ok"])
      try client.sendSegment(id: "d", Self.durable)
      #expect(try await client.reply().status == "accepted")
      #expect(try await client.reply().status == "ok")
    }
  }

  @Test func twoServersDoNotShareAFolder() async throws {
    let folder = Folder()
    try await TestServer.with(configuration(folder)) { _ in
      let error = await #expect(throws: ServiceError.self) {
        try await TestServer.with(configuration(folder)) { _ in }
      }
      #expect(error?.code == .journal)
    }
  }
}
