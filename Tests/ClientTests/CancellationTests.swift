import BusProtocol
import JSONC
import Synchronization
import Testing

@testable import Client

/// What ends a request from here: a cancelled task, a closed client.
@Suite(.timeLimit(.minutes(1))) struct CancellationTests {
  enum Moment: CaseIterable {
    /// The server has the request; or was busy; or did not answer, in the pause before the next try.
    case atWork, busy, silent
  }

  static let hour = Duration.seconds(3600)

  /// Runs `body` with a request that is at some moment of its life.
  static func at(
    _ moment: Moment, _ body: (SegSAMClient, FakeServer, Exchange, ManualTime) async throws -> Void
  ) async throws {
    let time = ManualTime()
    let policy = RetryPolicy(firstPause: hour, longestPause: hour, seed: 5)
    try await withClient(timeout: hour * 10, retry: policy, time: time) { request, answer in
      if moment == .busy, !request.isCancel {
        answer(request.error(.busy(retryAfterMilliseconds: 20_000)))
      }
    } _: { client, server in
      let exchange = try client.start(.capabilities, options: RequestOptions(id: "long"))
      try await eventually { server.seen.count == 1 }
      switch moment {
      case .atWork: break
      case .busy: try await eventually { time.dues.contains { $0 >= .seconds(20) } }
      case .silent:
        time.advance(by: .seconds(10))
        try await eventually { time.dues.contains { $0 > .seconds(10) } }
      }
      try await body(client, server, exchange, time)
    }
  }

  @Test("A cancelled task asks the server to cancel, once", arguments: Moment.allCases)
  func cancelled(_ moment: Moment) async throws {
    try await Self.at(moment) { client, server, exchange, time in
      let tasks = (0..<3).map { _ in Task { try await exchange.reply() } }
      for task in tasks { task.cancel() }
      for task in tasks {
        let error = await #expect(throws: ClientError.self) { try await task.value }
        #expect(error == .cancelled)
      }
      for await _ in exchange.progress {}
      try await eventually { server.requests.contains(where: \.isCancel) }
      // The tries that there would have been.
      time.advance(by: Self.hour * 20)
      // All that was sent before has come when this has.
      _ = try client.start(.status)
      try await eventually { server.requests.last?.method == .status }
      #expect(server.requests.map(\.method) == [.capabilities, .cancel, .status])
      #expect(server.requests[1].parameters == .cancel(id: "long"))
    }
  }

  @Test("Nobody hangs when the client is closed", arguments: Moment.allCases)
  func closed(_ moment: Moment) async throws {
    try await Self.at(moment) { client, _, exchange, _ in
      let progress = Task { for await _ in exchange.progress {} }
      let reply = Task { try await exchange.reply() }
      await client.close()
      await progress.value
      let error = await #expect(throws: ClientError.self) { try await reply.value }
      #expect(error == .closed)
    }
  }

  @Test("Nor when it is forgotten")
  func forgotten() async throws {
    let server = try await FakeServer { _, _ in }
    var client: SegSAMClient? = try await SegSAMClient(endpoint: server.endpoint)
    let exchange = try client?.start(.capabilities)
    try await eventually { server.seen.count == 1 }
    client = nil
    if let exchange { for await _ in exchange.progress {} }
    let error = await #expect(throws: ClientError.self) { try await exchange?.reply() }
    #expect(error == .closed)
    await server.close()
  }

  @Test("While the socket is replaced, too")
  func closedWhileReplacing() async throws {
    let time = ManualTime()
    let policy = RetryPolicy(tries: 1000, firstPause: .zero, longestPause: .zero)
    for _ in 0..<20 {
      let server = try await FakeServer { _, _ in }
      let client = try await SegSAMClient(
        endpoint: server.endpoint, timeout: Self.hour, retry: policy, time: time)
      let exchanges = try (0..<10).map { _ in try client.start(.capabilities) }
      let ends = exchanges.map { exchange in Task { for await _ in exchange.progress {} } }
      time.advance(by: .seconds(10))
      await client.close()
      for end in ends { await end.value }
      await server.close()
    }
  }

  @Test("A request to cancel goes out though the client is closed at once")
  func cancelledAndClosed() async throws {
    let server = try await FakeServer { _, _ in }
    let client = try await SegSAMClient(endpoint: server.endpoint)
    let exchange = try client.start(.capabilities)
    try await eventually { server.seen.count == 1 }
    let task = Task { try await exchange.reply() }
    task.cancel()
    _ = try? await task.value
    await client.close()
    try await eventually { server.requests.last?.isCancel == true }
    await server.close()
  }

  @Test("A durable request is accepted, and outlives the task that waits")
  func durable() async throws {
    try await withClient { request, answer in
      #expect(request.header.durable)
      answer(request.status(.accepted))
      answer(request.status(.partial))
      if request.header.id == "b" { answer(request.ok(["n": 1])) }
    } _: { client, server in
      let image = RetryTests.image().tensor
      var parameters = SegmentParameters()
      parameters.categories = ["liver"]
      let left = try client.start(
        .segment(parameters), image: image, options: RequestOptions(id: "a", isDurable: true))
      var statuses: [ReplyHeader.Status] = []
      for await header in left.progress {
        statuses.append(header.status)
        break
      }
      let task = Task { try await left.reply() }
      task.cancel()
      let error = await #expect(throws: ClientError.self) { try await task.value }
      #expect(error == .cancelled)
      let answered = try client.start(
        .segment(parameters), image: image, options: RequestOptions(id: "b", isDurable: true))
      for await header in answered.progress { statuses.append(header.status) }
      #expect(statuses == [.accepted, .accepted])
      #expect(try await answered.reply().header.result == ["n": 1])
      #expect(server.requests.map(\.method) == [.segment, .segment])
    }
  }

  @Test("What may be in flight may be one request")
  func large() async throws {
    let server = try await FakeServer { _, _ in }
    let client = try await SegSAMClient(endpoint: server.endpoint)
    let side = 16_900
    let image = ImageSource.pixels(
      [UInt8](repeating: 0, count: side * side), datatype: .uint8, shape: [side, side])
    #expect(throws: Never.self) { try client.start(.imagePut, image: image.tensor) }
    await client.close()
    await server.close()
  }

  @Test("Bytes in flight are bounded")
  func bytes() async throws {
    let server = try await FakeServer { _, _ in }
    let client = try await SegSAMClient(endpoint: server.endpoint, bytesInFlight: 3000)
    let image = RetryTests.image([UInt8](repeating: 0, count: 10)).tensor
    let large = ImageSource.pixels(
      [UInt8](repeating: 0, count: 2000), datatype: .uint8, shape: [20, 100]
    ).tensor
    let first = try client.start(.imagePut, image: large, options: RequestOptions(id: "a"))
    #expect(throws: ClientError.overloaded) { try client.start(.imagePut, image: large) }
    #expect(throws: Never.self) { try client.start(.imagePut, image: image) }
    let task = Task { try await first.reply() }
    task.cancel()
    _ = try? await task.value
    #expect(throws: Never.self) { try client.start(.imagePut, image: large) }
    await client.close()
    await server.close()
  }
}
