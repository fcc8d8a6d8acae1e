import Foundation
import JSONC
import SegSAM
import SegSAMTesting
import Server
import Testing
import ZeroMQ

/// What goes wrong under load: each request is answered exactly once, with its answer or its error.
@Suite(.timeLimit(.minutes(2)))
struct FaultTests {
  private struct Fault: Error {}

  /// The final replies of each id.
  private actor Seen {
    private(set) var outcomes: [String: [String]] = [:]
    func add(_ outcome: String, to id: String) { outcomes[id, default: []].append(outcome) }
    func count(of outcome: String) -> Int { outcomes.values.count { $0.contains(outcome) } }
  }

  /// Sends so many requests over a few sockets, and counts the final replies of each id.
  private func flood(
    _ server: TestServer, requests: Int, sockets: Int = 8, seen: Seen = Seen(),
    more: @escaping @Sendable (Int) -> JSONObject = { _ in [:] }
  ) async throws -> [String: [String]] {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for socket in 0..<sockets {
        let peer = try await server.client()
        let mine = (0..<requests).filter { $0 % sockets == socket }
        group.addTask {
          for n in mine {
            try peer.sendSegment(id: "\(n)", image: TestImage(seed: UInt8(n % 200)), more(n))
          }
          for _ in mine {
            let reply = try await peer.reply()
            await seen.add(reply.code ?? reply.status ?? "none", to: reply.id ?? "none")
          }
          // Nothing more comes: the next reply is that of the next question.
          #expect(try await peer.ask(request("status", id: "last")).id == "last")
        }
      }
      try await group.waitForAll()
    }
    return await seen.outcomes
  }

  @Test func fiftyInferencesThatThrow() async throws {
    // Every fourth of two hundred.
    let engine = FakeEngine.standard(failure: { $0 % 4 == 0 ? Fault() : nil })
    try await TestServer.with(engine: engine, .test { $0.workers = 4 }) { server in
      let seen = try await flood(server, requests: 200)
      #expect(seen.count == 200 && seen.values.allSatisfy { $0.count == 1 })
      let outcomes = Dictionary(grouping: seen.values.map { $0[0] }, by: { $0 }).mapValues(\.count)
      #expect(outcomes == ["ok": 150, "internal": 50])
    }
  }

  @Test func whatTheModelRefusesIsTheRequestsFault() async throws {
    let engine = FakeEngine.standard(failure: { _ in PredictorError(.invalidQuery, "no box") })
    try await TestServer.with(engine: engine) { server in
      let seen = try await flood(server, requests: 1, sockets: 1)
      #expect(seen == ["0": ["invalid_argument"]])
    }
  }

  @Test func fiftyInferencesThatStall() async throws {
    // Those that have no deadline wait for the gate; the others time out before it opens.
    let gate = FakeEngine.Gate()
    try await TestServer.with(
      engine: .standard(gate: gate), .test { ($0.workers, $0.budget.queuedRequests) = (4, 500) }
    ) { server in
      let replies = Seen()
      let opening = Task {
        while await replies.count(of: "deadline_exceeded") < 50 {
          try await Task.sleep(for: .milliseconds(5))
        }
        await gate.open()
      }
      let seen = try await flood(server, requests: 200, seen: replies) { n in
        n % 4 == 0 ? ["deadline_ms": 100] : [:]
      }
      try await opening.value
      #expect(seen.count == 200 && seen.values.allSatisfy { $0.count == 1 })
      let outcomes = Dictionary(grouping: seen.values.map { $0[0] }, by: { $0 }).mapValues(\.count)
      #expect(outcomes == ["ok": 150, "deadline_exceeded": 50])
    }
  }

  @Test func clientsThatVanish() async throws {
    let gate = FakeEngine.Gate()
    try await TestServer.with(engine: .standard(gate: gate)) { server in
      for n in 0..<20 {
        let loop = try SocketLoop()
        let peer = Peer(try await loop.open(.dealer, at: [.connect(server.endpoints.bind)]))
        try peer.sendSegment(id: "\(n)", image: TestImage(seed: UInt8(n)))
        if n == 0 { await gate.reached() }
        // With its request under way.
        await loop.shutdown(grace: .milliseconds(200))
      }
      await gate.open()
      let answer = try await server.client().segment(["categories": ["liver"]], id: "after")
      #expect(answer.status == "ok")
    }
  }

  @Test func overloadIsAnsweredAndPasses() async throws {
    let engine = FakeEngine.standard(delay: .milliseconds(2))
    try await TestServer.with(engine: engine, .test { $0.budget.queuedRequests = 16 }) { server in
      let seen = try await flood(server, requests: 400)
      #expect(seen.count == 400 && seen.values.allSatisfy { $0.count == 1 })
      #expect(Set(seen.values.map { $0[0] }) == ["ok", "busy"])
      let client = try await server.client()
      let status = try await client.ask(request("status", id: "s"))
      #expect(status.result?["queued"] == 0 && status.result?["in_flight"] == 0)
      #expect(try await client.segment(["categories": ["liver"]], id: "a").status == "ok")
    }
  }

  @Test func oneFloodDoesNotStarveAnother() async throws {
    let gate = FakeEngine.Gate()
    try await TestServer.with(
      engine: .standard(gate: gate), .test { $0.budget.queuedRequests = 64 }
    ) { server in
      let (flood, other) = (try await server.client(), try await server.client())
      for n in 0..<100 { try flood.sendSegment(id: "\(n)") }
      await gate.reached()
      _ = try await flood.ask(request("status", id: "there"))
      let start = try await other.ask(request("status", id: "s"))
      #expect(start.result?["queued"]?.intValue ?? 0 >= 60)
      try other.sendSegment(id: "mine")
      let status = try await other.ask(request("status", id: "t"))
      // Next after the one of the flood whose turn it is.
      #expect(status.result?["yours"]?["queued"]?[0]?["ahead"]?.intValue ?? 99 <= 1)
      await gate.open()
      #expect(try await other.reply().id == "mine")
    }
  }
}
