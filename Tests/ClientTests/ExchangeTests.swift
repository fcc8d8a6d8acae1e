import BusProtocol
import Client
import Foundation
import JSONC
import Synchronization
import Testing
import ZeroMQ

@Suite(.timeLimit(.minutes(1))) struct ExchangeTests {
  @Test("Replies in another order find their requests")
  func manyInFlight() async throws {
    let count = 40
    let held = Mutex<[(Request, FakeServer.Answer)]>([])
    try await withClient { request, answer in
      let all = held.withLock { held in
        held.append((request, answer))
        return held.count == count ? held : []
      }
      for (request, answer) in all.reversed() {
        answer(request.ok(["cancelled": true, "echo": request.header.parameters["id"] ?? nil]))
      }
    } _: { client, _ in
      try await withThrowingTaskGroup(of: (Int, JSONValue?).self) { group in
        for n in 0..<count {
          group.addTask {
            let reply = try await client.call(.cancel(id: "n\(n)"))
            return (n, reply.header.result?["echo"])
          }
        }
        var answered = 0
        for try await (n, echo) in group {
          #expect(echo == .string("n\(n)"))
          answered += 1
        }
        #expect(answered == count)
      }
    }
  }

  @Test func progressComesBeforeTheReply() async throws {
    try await withClient { request, answer in
      #expect(request.header.progress)
      answer(request.reply(ReplyHeader(id: request.header.id, request: "7", status: .accepted)))
      for done in 1...3 {
        answer(
          request.reply(
            ReplyHeader(
              id: request.header.id, status: .partial,
              result: ["done": JSONValue(done), "of": 3])))
      }
      answer(request.ok(["x": 1]))
    } _: { client, _ in
      let exchange = try client.start(.status, options: RequestOptions(wantsProgress: true))
      var statuses: [ReplyHeader.Status] = []
      var done: [JSONValue?] = []
      for await header in exchange.progress {
        statuses.append(header.status)
        done.append(header.result?["done"])
      }
      #expect(statuses == [.accepted, .partial, .partial, .partial])
      #expect(done == [nil, 1, 2, 3])
      #expect(try await exchange.reply().header.result == ["x": 1])
      #expect(try await exchange.reply().header.status == .ok)
    }
  }

  @Test func headersCarryTheOptions() async throws {
    try await withClient { request, answer in
      answer(request.ok(.object(request.header.parameters)))
    } _: { client, server in
      let options = RequestOptions(
        id: "mine", deadline: .milliseconds(1500), priority: 7, wantsProgress: true,
        isDurable: true)
      _ = try await client.call(.cancel(id: "x"), options: options)
      let header = try #require(server.requests.first?.header)
      #expect(header.id == "mine")
      #expect(header.client == client.clientID)
      #expect(header.deadlineMilliseconds == 1500)
      #expect(header.priority == 7)
      #expect(header.progress && header.durable)
    }
  }

  @Test func errorsOfTheServer() async throws {
    try await withClient { request, answer in
      answer(
        request.reply(
          .failure(.unknownCategory("pancras", suggestions: ["pancreas"]), id: request.header.id)))
    } _: { client, _ in
      let error = await #expect(throws: ClientError.self) { try await client.status() }
      guard case .refused(let refusal) = error else {
        Issue.record("\(String(describing: error))")
        return
      }
      #expect(refusal.code == .unknownCategory)
      #expect(refusal.details["suggestions"] == ["pancreas"])
      #expect(error?.code == "unknown_category")
    }
  }

  @Test("What the parser refuses comes back as its error")
  func rejections() async throws {
    try await withClient { _, _ in
    } _: { client, _ in
      let error = await #expect(throws: ClientError.self) {
        try await client.segment(.held("i"), [])
      }
      #expect(error?.code == "invalid_argument")
    }
  }

  @Test func silence() async throws {
    try await withClient { _, _ in
    } _: { client, server in
      let options = RequestOptions(timeout: .milliseconds(30))
      let error = await #expect(throws: ClientError.self) {
        try await client.status(options: options)
      }
      #expect(error == .timedOut(after: .milliseconds(30)))
      // The id is free again.
      #expect(throws: Never.self) {
        try client.start(.status, options: RequestOptions(id: "a", timeout: .milliseconds(1)))
      }
    }
  }

  @Test func nobodyThere() async throws {
    let client = try await SegSAMClient(
      endpoint: "tcp://127.0.0.1:9", timeout: .milliseconds(30))
    let error = await #expect(throws: ClientError.self) { try await client.status() }
    #expect(error == .timedOut(after: .milliseconds(30)))
    await client.close()
  }

  @Test("A cancelled task asks the server to cancel")
  func cancellation() async throws {
    let (cancelled, sink) = AsyncStream.makeStream(of: String.self)
    let (arrived, arrival) = AsyncStream.makeStream(of: Void.self)
    try await withClient { request, _ in
      if case .cancel(let id) = request.parameters { sink.yield(id) } else { arrival.yield() }
    } _: { client, _ in
      let task = Task { try await client.status(options: RequestOptions(id: "long")) }
      for await _ in arrived { break }
      task.cancel()
      let error = await #expect(throws: ClientError.self) { try await task.value }
      #expect(error == .cancelled)
      for await id in cancelled {
        #expect(id == "long")
        break
      }
    }
  }

  @Test("A task that was cancelled before it waits")
  func cancelledBefore() async throws {
    try await withClient { _, _ in
    } _: { client, _ in
      let task = Task {
        withUnsafeCurrentTask { $0?.cancel() }
        return try await client.status()
      }
      let error = await #expect(throws: ClientError.self) { try await task.value }
      #expect(error == .cancelled)
    }
  }

  @Test("Late, foreign, nameless and broken messages harm no other request")
  func noise() async throws {
    try await withClient { request, answer in
      answer([Payload("not JSON")])
      answer([])
      answer(request.reply(ReplyHeader(id: "foreign", status: .ok)))
      answer(request.reply(.failure(.invalidMessage("x"), id: nil)))
      answer(request.ok(["n": 1]))
      answer(request.ok(["n": 2]))
    } _: { client, _ in
      let reply = try await client.call(.capabilities)
      #expect(reply.header.result == ["n": 1])
      #expect(try await client.call(.capabilities).header.result == ["n": 1])
    }
  }

  @Test(arguments: [
    #""status": "fine"}"#, #""status": "ok", "outputs": [{"name": "m", "datatype": "BYTES"}]}"#,
  ])
  func brokenReplies(_ rest: String) async throws {
    try await withClient { request, answer in
      answer([Payload(#"{"protocol": "segsam/1", "id": "\#(request.header.id)", "# + rest)])
    } _: { client, _ in
      let error = await #expect(throws: ClientError.self) { try await client.status() }
      #expect(error?.code == "malformed_reply")
    }
  }

  @Test func resultsOfAnotherType() async throws {
    try await withClient { request, answer in
      answer(request.ok(["live": "yes"]))
    } _: { client, _ in
      let error = await #expect(throws: ClientError.self) { try await client.status() }
      #expect(error?.code == "malformed_reply")
      #expect(error?.description.contains("result.live") == true)
    }
  }

  @Test func closing() async throws {
    try await withClient { _, _ in
    } _: { client, _ in
      let exchange = try client.start(.status)
      await client.close()
      let error = await #expect(throws: ClientError.self) { try await exchange.reply() }
      #expect(error == .closed)
      #expect(throws: ClientError.closed) { try client.start(.status) }
    }
  }

  @Test func bounds() async throws {
    let server = try await FakeServer { _, _ in }
    let client = try await SegSAMClient(endpoint: server.endpoint, inFlight: 2)
    _ = try client.start(.status, options: RequestOptions(id: "a"))
    let error = #expect(throws: ClientError.self) {
      try client.start(.status, options: RequestOptions(id: "a"))
    }
    #expect(error?.code == "id_conflict")
    _ = try client.start(.status)
    #expect(throws: ClientError.overloaded) { try client.start(.status) }
    let long = MethodParameters.categoriesResolve(
      queries: [String(repeating: "x", count: 2 << 20)])
    let refused = #expect(throws: ClientError.self) { try client.start(long) }
    #expect(refused?.code == "too_large")
    await client.close()
    await server.close()
  }

  @Test func badEndpoints() async {
    for endpoint in ["", "tcp://", "http://x", "127.0.0.1:5555"] {
      let error = await #expect(throws: ClientError.self) {
        try await SegSAMClient(endpoint: endpoint)
      }
      #expect(error?.code == "connection")
    }
  }
}
