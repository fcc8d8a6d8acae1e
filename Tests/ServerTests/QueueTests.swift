import JSONC
import SegSAMTesting
import Server
import Testing

/// Queue, deadlines, cancelling; a gate stands for time.
@Suite(.timeLimit(.minutes(1)))
struct QueueTests {
  typealias Gate = FakeEngine.Gate

  @Test func aFullQueueIsBusy() async throws {
    let gate = Gate()
    try await TestServer.with(
      engine: .standard(gate: gate), .test { $0.budget.queuedRequests = 2 }
    ) { server in
      let client = try await server.client()
      try client.sendSegment(id: "a")
      await gate.reached()
      for id in ["b", "c", "d"] { try client.sendSegment(id: id) }
      let refused = try await client.reply()
      #expect(refused.id == "d" && refused.code == "busy")
      #expect(refused.header["error"]?["details"]?["retry_after_ms"]?.intValue ?? 0 > 0)
      let status = try await client.ask(request("status", id: "s"))
      #expect(status.result?["queued"] == 2 && status.result?["in_flight"] == 1)
      #expect(
        status.result?["yours"]?["queued"] == [["id": "b", "ahead": 0], ["id": "c", "ahead": 1]])
      await gate.open()
      #expect(
        try await [client.reply().id, client.reply().id, client.reply().id] == ["a", "b", "c"])
      #expect(try await client.segment(["categories": ["liver"]], id: "d").status == "ok")
    }
  }

  @Test func bytesAreBoundedToo() async throws {
    let gate = Gate()
    try await TestServer.with(
      engine: .standard(gate: gate), .test { $0.budget.queuedBytes = 10_000 }
    ) { server in
      let client = try await server.client()
      try client.sendSegment(id: "a")
      await gate.reached()
      try client.sendSegment(id: "b")
      try client.sendSegment(id: "c", image: TestImage(shape: [100, 100]))
      let refused = try await client.reply()
      #expect(refused.id == "c" && refused.code == "busy")
      await gate.open()
    }
  }

  @Test func higherPrioritiesGoFirst() async throws {
    let gate = Gate()
    try await TestServer.with(engine: .standard(gate: gate)) { server in
      let client = try await server.client()
      try client.sendSegment(id: "first")
      await gate.reached()
      try client.sendSegment(id: "low", ["priority": -3])
      try client.sendSegment(id: "usual")
      try client.sendSegment(id: "high", ["priority": 10])
      try client.sendSegment(id: "later")
      _ = try await client.ask(request("status", id: "s"))
      await gate.open()
      var order: [String?] = []
      for _ in 0..<5 { order.append(try await client.reply().id) }
      #expect(order == ["first", "high", "usual", "later", "low"])
    }
  }

  @Test func deadlinesCountFromArrivalAndInTheQueue() async throws {
    let gate = Gate()
    try await TestServer.with(engine: .standard(gate: gate)) { server in
      let client = try await server.client()
      try client.sendSegment(id: "running", ["deadline_ms": 60])
      await gate.reached()
      try client.sendSegment(id: "waiting", ["deadline_ms": 50])
      let answers = try await [client.reply(), client.reply()]
      #expect(Set(answers.map(\.id)) == ["running", "waiting"])
      #expect(answers.allSatisfy { $0.code == "deadline_exceeded" })
      // Neither is stored: the same ids may be asked again.
      await gate.open()
      try client.sendSegment(id: "waiting", ["deadline_ms": 60_000])
      #expect(try await client.reply().status == "ok")
    }
  }

  @Test func whatWaitsOrRunsCanBeCancelled() async throws {
    let gate = Gate()
    try await TestServer.with(engine: .standard(gate: gate)) { server in
      let client = try await server.client()
      let other = try await server.client()
      try client.sendSegment(id: "running")
      await gate.reached()
      try client.sendSegment(id: "waiting")
      for (id, target) in [("1", "waiting"), ("2", "running")] {
        let theirs = try await other.ask(request("cancel", id: id, ["id": .string(target)]))
        #expect(theirs.result?["cancelled"] == false)
        try client.send(request("cancel", id: id, ["id": .string(target)]))
        let cancelled = try await client.reply()
        let answer = try await client.reply()
        #expect(cancelled.id == target && cancelled.code == "cancelled")
        #expect(answer.id == id && answer.result?["cancelled"] == true)
      }
      let late = try await client.ask(request("cancel", id: "3", ["id": "running"]))
      #expect(late.result?["cancelled"] == false)
      await gate.open()
      #expect(try await client.segment(["categories": ["liver"]], id: "next").status == "ok")
    }
  }

  @Test func lightMethodsDoNotWaitForTheModel() async throws {
    let gate = Gate()
    try await TestServer.with(engine: .standard(gate: gate)) { server in
      let client = try await server.client()
      try client.sendSegment(id: "a")
      await gate.reached()
      for (n, method) in ["status", "capabilities", "categories.list"].enumerated() {
        #expect(try await client.ask(request(method, id: "\(n)")).status == "ok")
      }
      await gate.open()
      #expect(try await client.reply().id == "a")
    }
  }
}
