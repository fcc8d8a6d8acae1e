import BusProtocol
import JSONC
import Synchronization
import Testing
import ZeroMQ

@testable import Client

/// Lazy Pirate over real sockets; time is the tests'.
@Suite(.timeLimit(.minutes(1))) struct RetryTests {
  /// Without pauses: a try follows the other.
  static let policy = RetryPolicy(
    tries: 3, tryTime: .seconds(10), firstPause: .zero, longestPause: .zero)
  static let hour = Duration.seconds(3600)

  static func image(_ bytes: [UInt8] = Array(0..<10)) -> ImageSource {
    .pixels(bytes, datatype: .uint8, shape: [2, 5])
  }

  @Test("A message without an answer is sent again as it was, over a new socket")
  func theFirstIsIgnored() async throws {
    let time = ManualTime()
    let count = Mutex(0)
    try await withClient(timeout: Self.hour, retry: Self.policy, time: time) { request, answer in
      let number = count.withLock { count in
        count += 1
        return count
      }
      if number == 2 {
        answer(request.ok(["image_id": "i", "shape": [2, 5], "expires_in_s": 60]))
      }
    } _: { client, server in
      let held = Task { try await client.putImage(Self.image()) }
      try await eventually { server.seen.count == 1 }
      time.advance(by: .seconds(10))
      #expect(try await held.value.imageID == "i")
      let seen = server.seen
      #expect(seen.count == 2)
      #expect(seen[0].frames == seen[1].frames && seen[0].frames.count == 2)
      #expect(seen[0].request.header.client == client.clientID)
      #expect(seen[0].route != seen[1].route)
    }
  }

  @Test("A server that dies in mid-request and comes back on its port answers")
  func restart() async throws {
    let time = ManualTime()
    let first = try await FakeServer { _, _ in }
    let client = try await SegSAMClient(
      endpoint: first.endpoint, timeout: Self.hour, retry: Self.policy, time: time)
    let reply = Task { try await client.call(.capabilities, options: RequestOptions(id: "c")) }
    try await eventually { first.seen.count == 1 }
    await first.close()
    // To nobody.
    time.advance(by: .seconds(10))
    let second = try await FakeServer(at: first.endpoint) { request, answer in
      answer(request.ok(["life": 2]))
    }
    #expect(try await reply.value.header.result == ["life": 2])
    #expect(second.seen.first?.frames == first.seen.first?.frames)
    await client.close()
    await second.close()
  }

  @Test("An answer over the old socket is late, and harms nothing")
  func lateOverTheOldSocket() async throws {
    let time = ManualTime()
    let held = Mutex<FakeServer.Answer?>(nil)
    try await withClient(timeout: Self.hour, retry: Self.policy, time: time) { request, answer in
      let old = held.withLock { held -> FakeServer.Answer? in
        defer { held = held ?? answer }
        return held
      }
      guard let old else { return }
      old(request.ok(["n": 1]))
      answer(request.ok(["n": 2]))
    } _: { client, server in
      let reply = Task { try await client.call(.capabilities) }
      try await eventually { server.seen.count == 1 }
      time.advance(by: .seconds(10))
      #expect(try await reply.value.header.result == ["n": 2])
      let next = try await client.call(.capabilities)
      #expect(next.header.result == ["n": 2] && server.seen.count == 3)
    }
  }

  @Test("What the old socket had received is dropped")
  func receivedByTheOldSocket() async throws {
    let time = ManualTime()
    try await withClient(timeout: Self.hour, retry: Self.policy, time: time) { _, _ in
    } _: { client, server in
      let exchange = try client.start(.capabilities, options: RequestOptions(id: "a"))
      try await eventually { server.seen.count == 1 }
      time.advance(by: .seconds(10))
      try await eventually { server.seen.count == 2 }
      let frames = server.requests[0].ok(["n": 1]).map { Frame($0.array) }
      client.courier.receive(Message(frames), from: 1)
      client.courier.receive(
        Message(server.requests[0].ok(["n": 2]).map { Frame($0.array) }), from: 2)
      #expect(try await exchange.reply().header.result == ["n": 2])
    }
  }

  @Test("An answer that comes in the pause before the next try is late, and not lost")
  func lateInThePause() async throws {
    let time = ManualTime()
    let held = Mutex<FakeServer.Answer?>(nil)
    var policy = Self.policy
    (policy.firstPause, policy.longestPause, policy.seed) = (Self.hour, Self.hour, 3)
    try await withClient(timeout: Self.hour * 10, retry: policy, time: time) { _, answer in
      held.withLock { $0 = answer }
    } _: { client, server in
      let reply = Task { try await client.call(.capabilities) }
      try await eventually { server.seen.count == 1 }
      time.advance(by: .seconds(10))
      try await eventually { time.dues.contains { $0 > .seconds(10) && $0 < Self.hour * 2 } }
      held.withLock { $0 }?(server.requests[0].ok(["n": 1]))
      #expect(try await reply.value.header.result == ["n": 1])
      #expect(server.seen.count == 1)
    }
  }

  @Test func busyThenOk() async throws {
    let time = ManualTime()
    let count = Mutex(0)
    try await withClient(timeout: Self.hour, retry: Self.policy, time: time) { request, answer in
      let number = count.withLock { count in
        count += 1
        return count
      }
      answer(
        number < 3 ? request.error(.busy(retryAfterMilliseconds: 5000)) : request.ok(["n": 3]))
    } _: { client, server in
      let reply = Task { try await client.call(.capabilities) }
      for number in 1...2 {
        try await eventually { time.dues.contains(.seconds(5 * number)) }
        #expect(server.seen.count == number)
        time.advance(by: .seconds(5))
      }
      #expect(try await reply.value.header.result == ["n": 3])
      // The socket is well.
      #expect(Set(server.seen.map(\.route)).count == 1)
      #expect(Set(server.seen.map(\.frames)).count == 1)
    }
  }

  @Test func alwaysBusy() async throws {
    try await withClient(timeout: Self.hour, retry: Self.policy, time: ManualTime()) {
      request, answer in
      answer(request.error(.busy(retryAfterMilliseconds: 0)))
    } _: { client, server in
      let error = await #expect(throws: ClientError.self) { try await client.status() }
      #expect(error?.code == "busy")
      #expect(server.seen.count == 3)
    }
  }

  @Test("Nothing else is sent again", arguments: ErrorCode.allCases.filter { $0 != .busy })
  func otherErrors(_ code: ErrorCode) async throws {
    try await withClient(timeout: Self.hour, retry: Self.policy, time: ManualTime()) {
      request, answer in
      answer(request.error(ProtocolError(code, "no", details: ["retry_after_ms": 0])))
    } _: { client, server in
      let error = await #expect(throws: ClientError.self) { try await client.status() }
      #expect(error?.code == code.rawValue)
      #expect(server.seen.count == 1)
    }
  }

  @Test func triesAreBounded() async throws {
    let time = ManualTime()
    try await withClient(timeout: Self.hour, retry: Self.policy, time: time) { _, _ in
    } _: { client, server in
      let status = Task { try await client.status() }
      for number in 1...3 {
        try await eventually { server.seen.count == number }
        time.advance(by: .seconds(10))
      }
      let error = await #expect(throws: ClientError.self) { try await status.value }
      #expect(error == .timedOut(after: .seconds(30)))
      #expect(server.seen.count == 3)
    }
  }

  @Test("The time-out bounds all tries together")
  func timeout() async throws {
    let time = ManualTime()
    try await withClient(timeout: .seconds(15), retry: Self.policy, time: time) { _, _ in
    } _: { client, server in
      let status = Task { try await client.status() }
      try await eventually { server.seen.count == 1 }
      time.advance(by: .seconds(10))
      try await eventually { server.seen.count == 2 }
      time.advance(by: .seconds(5))
      let error = await #expect(throws: ClientError.self) { try await status.value }
      #expect(error == .timedOut(after: .seconds(15)))
    }
  }

  @Test func neverAgain() async throws {
    let time = ManualTime()
    try await withClient(timeout: Self.hour, retry: .never, time: time) { request, answer in
      if request.method == .status { answer(request.error(.busy(retryAfterMilliseconds: 0))) }
    } _: { client, server in
      let busy = await #expect(throws: ClientError.self) { try await client.status() }
      #expect(busy?.code == "busy")
      let reply = Task { try await client.call(.capabilities) }
      try await eventually { server.seen.count == 2 }
      time.advance(by: Self.hour)
      let error = await #expect(throws: ClientError.self) { try await reply.value }
      #expect(error == .timedOut(after: Self.hour) && server.seen.count == 2)
    }
  }

  @Test("A server that is slow and tells of it is waited for")
  func signsOfLife() async throws {
    let time = ManualTime()
    let isDone = Atomic(false)
    try await withClient(timeout: Self.hour, retry: Self.policy, time: time) { request, answer in
      answer(request.status(.accepted))
      answer(isDone.load(ordering: .relaxed) ? request.ok([:]) : request.status(.partial))
    } _: { client, server in
      let exchange = try client.start(
        .imagePut, image: Self.image().tensor, options: RequestOptions(wantsProgress: true))
      var progress = exchange.progress.makeAsyncIterator()
      #expect(await progress.next()?.status == .accepted)
      for number in 1...8 {
        // `accepted` comes once.
        #expect(await progress.next()?.status == .partial)
        #expect(server.seen.count == number)
        if number == 8 { isDone.store(true, ordering: .relaxed) }
        time.advance(by: .seconds(10))
      }
      #expect(try await exchange.reply().header.status == .ok)
      #expect(await progress.next() == nil)
    }
  }

  @Test("All requests in flight move to the new socket")
  func twoInFlight() async throws {
    let time = ManualTime()
    try await withClient(timeout: Self.hour, retry: Self.policy, time: time) { request, answer in
      if time.now > .zero { answer(request.ok(["id": .string(request.header.id)])) }
    } _: { client, server in
      let exchanges = try ["a", "b"].map {
        try client.start(
          .imagePut, image: Self.image([UInt8](repeating: 7, count: 10)).tensor,
          options: RequestOptions(id: $0))
      }
      try await eventually { server.seen.count == 2 }
      time.advance(by: .seconds(10))
      for exchange in exchanges {
        #expect(try await exchange.reply().header.result == ["id": .string(exchange.id)])
      }
      let seen = server.seen
      #expect(seen.map(\.id).sorted() == ["a", "a", "b", "b"])
      #expect(seen[0].route == seen[1].route && seen[2].route == seen[3].route)
      #expect(seen[0].route != seen[2].route)
      for id in ["a", "b"] {
        #expect(Set(seen.filter { $0.id == id }.map(\.frames)).count == 1)
      }
    }
  }

  @Test("A request that was sent later moves too, and has the rest of its time")
  func sentLater() async throws {
    let time = ManualTime()
    try await withClient(timeout: Self.hour, retry: Self.policy, time: time) { request, answer in
      if time.now > .seconds(20) { answer(request.ok([:])) }
    } _: { client, server in
      let first = try client.start(.capabilities, options: RequestOptions(id: "a"))
      try await eventually { server.seen.count == 1 }
      time.advance(by: .seconds(6))
      let second = try client.start(.capabilities, options: RequestOptions(id: "b"))
      try await eventually { server.seen.count == 2 }
      time.advance(by: .seconds(4))
      try await eventually { server.seen.count == 4 }
      // 16 s: the second's try is over; it has moved meanwhile, and is not sent for that.
      time.advance(by: .seconds(6))
      try await eventually { !time.dues.contains(.seconds(16)) }
      #expect(server.seen.count == 4)
      time.advance(by: .seconds(5))
      _ = try await (first.reply(), second.reply())
      #expect(Set(server.seen.map(\.route)).count == 3)
    }
  }

  @Test("A socket that brings answers to others stays")
  func othersHear() async throws {
    let time = ManualTime()
    let count = Mutex(0)
    try await withClient(timeout: Self.hour, retry: Self.policy, time: time) { request, answer in
      let isFirst = count.withLock { count in
        count += 1
        return count == 1
      }
      if !isFirst { answer(request.ok([:])) }
    } _: { client, server in
      let lost = try client.start(.capabilities)
      try await eventually { server.seen.count == 1 }
      time.advance(by: .seconds(5))
      _ = try await client.call(.capabilities)
      time.advance(by: .seconds(5))
      _ = try await lost.reply()
      #expect(server.seen.count == 3 && Set(server.seen.map(\.route)).count == 1)
    }
  }
}
