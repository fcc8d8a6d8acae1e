import Testing

@testable import ZeroMQ

/// Loops over real sockets; bare sockets have time-outs, so that a fault is a failure and no hang.
@Suite(.timeLimit(.minutes(1)))
struct SocketLoopTests {
  static let short: SocketOptions = {
    var options = SocketOptions()
    options.receiveTimeout = 5_000
    options.sendTimeout = 5_000
    return options
  }()

  /// Blocking receive of a bare socket; tests alone may hold a thread so.
  func receive(_ socket: borrowing Socket) throws -> Message {
    try #require(try socket.receive(), "nothing came within the time-out")
  }

  @Test(arguments: [SocketKind.request, .dealer])
  func aRouterAnswersWhoAsked(kind: SocketKind) async throws {
    let loop = try SocketLoop()
    let router = try await loop.open(.router, at: [.bind("tcp://127.0.0.1:*")])
    #expect(router.address.hasPrefix("tcp://127.0.0.1:"))
    #expect(!router.address.hasSuffix("*"))
    let echo = Task { for await message in router.messages { router.send(message) } }
    let client = try await loop.open(kind, at: [.connect(router.address)])
    client.send(Message("a", "", "c"))
    var replies = client.messages.makeAsyncIterator()
    #expect(await replies.next() == Message("a", "", "c"))
    await loop.shutdown()
    await echo.value
    #expect(await replies.next() == nil)
    #expect(!client.send(Message("late")))
  }

  @Test func manyMessagesKeepTheirOrder() async throws {
    let loop = try SocketLoop()
    let router = try await loop.open(
      .router, at: [.bind("inproc://order")], limits: EndpointLimits(inboxBytes: 4096))
    let client = try await loop.open(.dealer, at: [.connect("inproc://order")])
    for n in 0..<2000 { #expect(client.send(Message("\(n)"))) }
    var count = 0
    for await message in router.messages {
      #expect(message.frames[1].text == "\(count)")
      count += 1
      if count == 2000 { break }
    }
    await loop.shutdown()
  }

  @Test func aFullOutboxRefuses() async throws {
    let loop = try SocketLoop()
    let limits = EndpointLimits(outboxBytes: 10_000)
    // Nobody is connected, so that nothing can leave.
    let dealer = try await loop.open(.dealer, at: [.bind("tcp://127.0.0.1:*")], limits: limits)
    let frame = try Frame(count: 4_000)
    #expect(dealer.send([frame]))
    #expect(dealer.send([frame]))
    #expect(!dealer.send([frame]))
    #expect(dealer.queuedBytes > 8_000)
    await loop.shutdown(grace: .milliseconds(20))
    #expect(dealer.undelivered == 2)
  }

  @Test func aPeerThatIsGoneIsCounted() async throws {
    let loop = try SocketLoop()
    let router = try await loop.open(.router, at: [.bind("tcp://127.0.0.1:*")])
    router.send(Message("nobody", "hello"))
    await router.flush(grace: .seconds(5))
    #expect(router.undelivered == 1)
    await loop.shutdown()
  }

  @Test func aPeerThatDoesNotReadHoldsUpNoOther() async throws {
    let loop = try SocketLoop()
    var options = SocketOptions()
    options.sendHighWaterMark = 1
    options.receiveHighWaterMark = 1
    let router = try await loop.open(.router, at: [.bind("tcp://127.0.0.1:*")], options: options)
    let context = try Context()
    var slow = Self.short
    slow.receiveHighWaterMark = 1
    slow.routingID = Array("slow".utf8)
    let deaf = try Socket(context, .dealer, options: slow)
    try deaf.attach(.connect(router.address))
    #expect(try deaf.send(Message("hello")))
    let quick = try Socket(context, .dealer, options: Self.short)
    try quick.attach(.connect(router.address))
    #expect(try quick.send(Message("hello")))
    var seen: [Frame] = []
    for await message in router.messages {
      seen.append(message.frames[0])
      if seen.count == 2 { break }
    }
    let big = try Frame(count: 4 << 20)
    for _ in 0..<16 { #expect(router.send([Frame("slow"), big])) }
    let other = try #require(seen.first { $0 != Frame("slow") })
    #expect(router.send([other, Frame("still here")]))
    #expect(try receive(quick) == Message("still here"))
    #expect(router.queuedBytes > 0)
    await loop.shutdown(grace: .zero)
  }

  @Test func topicsReachTheirSubscribers() async throws {
    let loop = try SocketLoop()
    let publisher = try await loop.open(.xpub, at: [.bind("tcp://127.0.0.1:*")])
    var options = SocketOptions()
    options.subscriptions = ["a."]
    let subscriber = try await loop.open(
      .subscribe, at: [.connect(publisher.address)], options: options)
    var joined = publisher.messages.makeAsyncIterator()
    #expect(await joined.next()?.frames[0].bytes == [1] + Array("a.".utf8))
    publisher.send(Message("b.1", "no"))
    publisher.send(Message("a.1", "yes"))
    var messages = subscriber.messages.makeAsyncIterator()
    #expect(await messages.next() == Message("a.1", "yes"))
    try await subscriber.subscribe(to: "b.")
    #expect(await joined.next()?.frames[0].bytes == [1] + Array("b.".utf8))
    publisher.send(Message("b.2", "now"))
    #expect(await messages.next() == Message("b.2", "now"))
    await loop.shutdown()
  }

  @Test func surplusFramesAndBytesAreDropped() async throws {
    let loop = try SocketLoop()
    let limits = EndpointLimits(message: MessageLimits(frames: 3, bytes: 100))
    let router = try await loop.open(.router, at: [.bind("inproc://limits")], limits: limits)
    let client = try await loop.open(.dealer, at: [.connect("inproc://limits")])
    var messages = router.messages.makeAsyncIterator()
    client.send(Message("1", "2", "3", "4"))
    client.send([try Frame(count: 200)])
    client.send(Message("fine"))
    let many = await messages.next()
    let large = await messages.next()
    let fine = await messages.next()
    #expect(many?.isTruncated == true && many?.frames.count == 3)
    #expect(large?.isTruncated == true && large?.frames.count == 1)
    #expect(fine?.isTruncated == false && fine?.frames.last == Frame("fine"))
    await loop.shutdown()
  }

  @Test func anEndpointThatIsTakenThrows() async throws {
    let loop = try SocketLoop()
    let first = try await loop.open(.router, at: [.bind("tcp://127.0.0.1:*")])
    await #expect(throws: ZMQError.self) {
      _ = try await loop.open(.router, at: [.bind(first.address)])
    }
    await #expect(throws: ZMQError.self) {
      _ = try await loop.open(.router, at: [.bind("nonsense")])
    }
    await loop.shutdown()
    await #expect(throws: ZMQError.self) {
      _ = try await loop.open(.router, at: [.bind("tcp://127.0.0.1:*")])
    }
  }

  @Test func whatWasSentArrivesAfterShutdown() async throws {
    let context = try Context()
    let sink = try Socket(context, .pull, options: Self.short)
    try sink.attach(.bind("tcp://127.0.0.1:*"))
    let loop = try SocketLoop()
    var options = SocketOptions()
    options.linger = 5_000
    let push = try await loop.open(.push, at: [.connect(try sink.lastEndpoint)], options: options)
    for _ in 0..<50 { push.send([try Frame(count: 100_000)]) }
    await loop.shutdown(grace: .seconds(5))
    await loop.context.terminate()
    for _ in 0..<50 { #expect(try receive(sink).byteCount == 100_000) }
  }

  @Test func aTerminatedContextOpensNoSocket() async throws {
    let context = try Context()
    await context.terminate()
    #expect(throws: ZMQError.self) { _ = try Socket(context, .pair) }
  }
}
