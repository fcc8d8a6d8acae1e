import BusProtocol
import JSONC
import Synchronization
import Testing
import ZeroMQ

@testable import Client

/// A subscriber that asks for what it missed, over real sockets.
@Suite(.timeLimit(.minutes(1))) struct StreamResumptionTests {
  static let policy = RetryPolicy(firstPause: .milliseconds(1), longestPause: .milliseconds(5))
  static let spleen = StreamLedgerTests.spleen

  static func with(
    _ filters: [TopicFilter] = [.all], after: Int? = nil, stream: FakeStream? = nil,
    silence: Duration = .seconds(5), retry: RetryPolicy = policy,
    _ body: (FakeStream, StreamSubscriber, Collector, SegSAMClient) async throws -> Void
  ) async throws {
    let given = stream
    let stream = if let given { given } else { try await FakeStream() }
    let client = try await SegSAMClient(endpoint: stream.requests.endpoint, retry: retry)
    let subscriber = try await StreamSubscriber(
      endpoint: stream.endpoint, filters, resuming: client, after: after, silence: silence)
    let collector = Collector(subscriber)
    do {
      // From now on, it has heard the heart.
      try await eventually { subscriber.position != nil }
      try await body(stream, subscriber, collector, client)
    } catch {
      await subscriber.close()
      await client.close()
      await stream.close()
      throw error
    }
    await subscriber.close()
    await client.close()
    await stream.close()
  }

  @Test(
    "What is lost on the way is filled in, in order",
    arguments: [TopicFilter.all, .results(study: "s")])
  func gap(_ filter: TopicFilter) async throws {
    try await Self.with([filter]) { stream, subscriber, collector, _ in
      stream.publish()
      try await eventually { collector.positions == [1] }
      stream.publish(isLost: true)
      stream.publish(isLost: true)
      stream.publish(.report(study: "other"), isLost: true)
      stream.publish()
      let expected = filter == .all ? [1, 2, 3, 4, 5] : [1, 2, 3, 5]
      try await eventually { collector.positions == expected }
      #expect(collector.all.allSatisfy { $0.lost == 0 && $0.expired == 0 })
      #expect(collector.replayed.starts(with: [2, 3]) && !collector.replayed.contains(1))
      // Replayed ones are whole.
      #expect(
        collector.all.allSatisfy {
          $0.message.tensors.first?.payload.array == [UInt8($0.message.header.position)]
            && $0.message.tensors.map(\.entry) == $0.message.header.outputs
        })
      #expect(subscriber.position == 5)
    }
  }

  @Test("Of all topics, heartbeats show even what nothing follows")
  func tail() async throws {
    try await Self.with { stream, subscriber, collector, _ in
      for _ in 0..<3 { stream.publish(isLost: true) }
      try await eventually { collector.positions == [1, 2, 3] }
      #expect(collector.replayed == [1, 2, 3] && subscriber.position == 3)
    }
  }

  @Test(
    "A server that restarts with its journal", arguments: [TopicFilter.all, .results(study: "s")])
  func restart(_ filter: TopicFilter) async throws {
    try await Self.with([filter], silence: .milliseconds(300)) { stream, subscriber, collector, _ in
      stream.publish()
      stream.publish(Self.spleen)
      try await eventually { collector.positions == [1, 2] }
      for life in 1...2 {
        await stream.stop()
        stream.publish()
        stream.publish(Self.spleen)
        try await stream.restart()
        try await eventually { collector.positions.count == 2 + 2 * life }
      }
      stream.publish()
      try await eventually { collector.positions.count == 7 }
      #expect(collector.positions == Array(1...7))
      #expect(collector.all.allSatisfy { $0.lost == 0 })
      #expect(subscriber.position == 7)
    }
  }

  @Test(
    "A server that restarts without one is read from its start",
    arguments: [TopicFilter.all, .results(study: "s")])
  func anew(_ filter: TopicFilter) async throws {
    try await Self.with([filter], silence: .milliseconds(300)) { stream, _, collector, _ in
      for _ in 0..<3 { stream.publish() }
      try await eventually { collector.positions == [1, 2, 3] }
      await stream.stop(forgetting: true)
      stream.publish()
      try await stream.restart()
      try await eventually { collector.positions == [1, 2, 3, 1] }
      stream.publish()
      try await eventually { collector.positions == [1, 2, 3, 1, 2] }
    }
  }

  @Test("What was given out in an earlier life does not come again")
  func resumed() async throws {
    let stream = try await FakeStream()
    for _ in 0..<5 { stream.publish(isLost: true) }
    try await Self.with(after: 2, stream: stream) { stream, subscriber, collector, _ in
      try await eventually { collector.positions == [3, 4, 5] }
      #expect(collector.replayed == [3, 4, 5])
      stream.publish()
      try await eventually { collector.positions == [3, 4, 5, 6] }
      #expect(subscriber.position == 6)
    }
  }

  @Test("Resuming ahead of the server means that it has begun anew")
  func ahead() async throws {
    let stream = try await FakeStream()
    for _ in 0..<2 { stream.publish(isLost: true) }
    try await Self.with(after: 50, stream: stream) { stream, _, collector, _ in
      try await eventually { collector.positions == [1, 2] }
    }
  }

  @Test(
    "What comes live while a replay is under way is not given out twice",
    arguments: [TopicFilter.all, .results(study: "s")])
  func duplicates(_ filter: TopicFilter) async throws {
    let stream = try await FakeStream()
    for _ in 0..<3 { stream.publish(isLost: true) }
    stream.beforeReply { stream in for _ in 0..<20 { stream.publish() } }
    try await Self.with([filter], after: 0, stream: stream) { stream, _, collector, _ in
      try await eventually { collector.positions.count >= 23 }
      stream.publish()
      try await eventually { collector.positions.count >= 24 }
      #expect(collector.positions == Array(1...24))
      #expect(collector.all.allSatisfy { $0.lost == 0 })
    }
  }

  @Test("What the journal has no more is told")
  func beyondTheJournal() async throws {
    let stream = try await FakeStream()
    for _ in 0..<6 { stream.publish(isLost: true) }
    stream.expire(through: 4)
    try await Self.with(after: 1, stream: stream) { stream, _, collector, _ in
      try await eventually { collector.positions == [5, 6] }
      #expect(collector.all.map(\.lost) == [3, 0])
      #expect(collector.all.map(\.expired) == [3, 0])
    }
  }

  @Test("Of some topics, by their own count")
  func beyondTheJournalInATopic() async throws {
    try await Self.with([.results(study: "s")]) { stream, _, collector, _ in
      stream.publish()
      try await eventually { collector.positions == [1] }
      for _ in 0..<2 { stream.publish(isLost: true) }
      stream.publish(.report(study: "other"))
      stream.publish(isLost: true)
      stream.expire(through: 4)
      stream.publish()
      try await eventually { collector.positions == [1, 5, 6] }
      #expect(collector.all.map(\.lost) == [0, 2, 0])
      #expect(collector.all.map(\.expired) == [0, 3, 0])
    }
  }

  @Test("Long gaps come in pages, none larger than was asked for")
  func pages() async throws {
    let stream = try await FakeStream()
    for _ in 0..<700 { stream.publish(isLost: true) }
    try await Self.with(after: 0, stream: stream) { stream, _, collector, _ in
      try await eventually { collector.positions.count == 700 }
      #expect(collector.positions == Array(1...700))
      #expect(stream.asked.map(\.from) == [0, 256, 512])
      #expect(stream.asked.allSatisfy { $0.limit == 256 && $0.topics == nil })
    }
  }

  @Test("Pages that are too large for a reply are halved")
  func largePages() async throws {
    let stream = try await FakeStream()
    for _ in 0..<10 { stream.publish(isLost: true) }
    stream.refuse(.tooLarge(limit: "reply_bytes", maximum: 1))
    stream.beforeReply { stream in stream.beforeReply { $0.refuse(nil) } }
    try await Self.with(after: 0, stream: stream) { stream, _, collector, _ in
      try await eventually { collector.positions == Array(1...10) }
      #expect(stream.asked.map(\.limit) == [256, 128])
    }
  }

  @Test(
    "Where a replay is refused, the stream goes on and what is lost is told",
    arguments: [ErrorCode.unauthorized, .unknownMethod, .invalidArgument])
  func refused(_ code: ErrorCode) async throws {
    try await Self.with([.results(study: "s")]) { stream, subscriber, collector, _ in
      stream.refuse(ProtocolError(code, "no"))
      stream.publish()
      try await eventually { collector.positions == [1] }
      for _ in 0..<2 {
        stream.publish(isLost: true)
        stream.publish()
      }
      try await eventually { collector.positions == [1, 3, 5] }
      #expect(collector.all.map(\.lost) == [0, 1, 1])
      #expect(subscriber.fault?.code == code.rawValue)
      #expect(stream.asked.count == (code == .invalidArgument ? 2 : 1))
    }
  }

  @Test("A server that fails to replay is asked again, so often", arguments: [true, false])
  func failing(recovers: Bool) async throws {
    var policy = Self.policy
    policy.tries = recovers ? 1_000_000 : 3
    try await Self.with(retry: policy) { stream, subscriber, collector, _ in
      stream.refuse(ProtocolError(.internal, "the disk"))
      stream.publish(isLost: true)
      try await eventually { stream.asked.count == 3 || recovers && subscriber.fault != nil }
      if recovers {
        stream.refuse(nil)
        try await eventually { collector.positions == [1] }
        #expect(subscriber.fault == nil)
      } else {
        try await eventually { subscriber.position == 1 }
        stream.publish()
        try await eventually { collector.positions == [2] }
        #expect(collector.all.map(\.lost) == [1] && stream.asked.count == 3)
        #expect(subscriber.fault?.code == "internal")
      }
    }
  }

  @Test("Nobody hangs when the subscriber is closed while it asks")
  func closedWhileAsking() async throws {
    try await Self.with { stream, subscriber, collector, _ in
      stream.mute()
      stream.publish(isLost: true)
      try await eventually { !stream.asked.isEmpty }
      await subscriber.close()
      try await eventually { collector.isEnded }
    }
  }

  @Test("Or its task cancelled")
  func cancelledWhileAsking() async throws {
    try await Self.with { stream, _, collector, _ in
      stream.mute()
      stream.publish(isLost: true)
      try await eventually { !stream.asked.isEmpty }
      collector.cancel()
      try await eventually { collector.isEnded }
    }
  }

  @Test("Or the client closed: the stream goes on")
  func clientClosed() async throws {
    try await Self.with { stream, subscriber, collector, client in
      stream.mute()
      stream.publish(isLost: true)
      try await eventually { !stream.asked.isEmpty }
      await client.close()
      stream.publish()
      try await eventually { collector.positions == [2] }
      #expect(collector.all.map(\.lost) == [1] && subscriber.fault == .closed)
    }
  }

  @Test("Or while the server is away")
  func closedWhileAway() async throws {
    try await Self.with(silence: .milliseconds(20)) { stream, subscriber, collector, _ in
      await stream.stop()
      try await Task.sleep(for: .milliseconds(100))
      await subscriber.close()
      try await eventually { collector.isEnded }
    }
  }

  @Test("Replays that are none of this protocol are no end")
  func malformed() async throws {
    let replies: [JSONValue] = [
      ["messages": 1], ["messages": [], "oldest": 1, "next": 1],
      [
        "messages": [["topic": "result.s.liver", "header": [:], "outputs": 0]], "oldest": 1,
        "next": 1, "truncated": false,
      ],
      [
        "messages": [["topic": "result.s.liver", "header": [:], "outputs": 1]], "oldest": 1,
        "next": 1, "truncated": false,
      ],
    ]
    for result in replies {
      let server = try await FakeServer { request, answer in answer(request.ok(result)) }
      let client = try await SegSAMClient(endpoint: server.endpoint)
      let reply = try await client.call(.streamReplay(StreamReplayParameters(from: 0)))
      let error = #expect(throws: ClientError.self) { try ReplayPage(reply) }
      #expect(error?.code == "malformed_reply")
      await client.close()
      await server.close()
    }
  }

  @Test("A server that says there is more and never goes on is left")
  func noProgress() async throws {
    let stream = try await FakeStream()
    let page: JSONValue = ["messages": [], "oldest": 1, "next": 0, "truncated": true]
    let server = try await FakeServer { request, answer in answer(request.ok(page)) }
    let client = try await SegSAMClient(endpoint: server.endpoint)
    for _ in 0..<3 { stream.publish(isLost: true) }
    let subscriber = try await StreamSubscriber(
      endpoint: stream.endpoint, resuming: client, after: 0)
    let collector = Collector(subscriber)
    try await eventually { subscriber.position == 3 }
    stream.publish()
    try await eventually { collector.positions == [4] }
    #expect(collector.all.map(\.lost) == [3] && server.seen.count == 1)
    await subscriber.close()
    await client.close()
    await server.close()
    await stream.close()
  }
}
