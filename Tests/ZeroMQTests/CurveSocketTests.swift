import Glibc
import Synchronization
import Testing

@testable import ZeroMQ

/// A server's context and keys, and who may come in; what the authenticator was asked is kept.
final class CurveServer: Sendable {
  let context: Context
  let keys: CurveKeyPair
  private let state: Mutex<State>

  private struct State: Sendable {
    var allowed: Set<CurvePublicKey>
    var asked: [ZAPRequest] = []
    var denied = 0
  }

  init(allowing keys: CurvePublicKey...) throws {
    context = try Context()
    self.keys = try CurveKeyPair.generate()
    state = Mutex(State(allowed: Set(keys)))
    try context.authenticate { [weak self] in self?.verdict($0) ?? .deny }
  }

  private func verdict(_ request: ZAPRequest) -> ZAPVerdict {
    state.withLock { state in
      state.asked.append(request)
      guard let key = request.clientKey, state.allowed.contains(key) else {
        state.denied += 1
        return .deny
      }
      return .allow(userID: key.text)
    }
  }

  func revoke(_ key: CurvePublicKey) { _ = state.withLock { $0.allowed.remove(key) } }

  var asked: [ZAPRequest] { state.withLock { $0.asked } }
  var denied: Int { state.withLock { $0.denied } }

  func open(_ kind: SocketKind, timeout: Int = 5_000) throws -> Socket {
    var options = Self.options(timeout)
    options.curve = .server(secretKey: keys.secretKey, zapDomain: "test.\(kind)")
    let socket = try Socket(context, kind, options: options)
    try socket.attach(.bind("tcp://127.0.0.1:*"))
    return socket
  }

  static func options(_ timeout: Int = 5_000) -> SocketOptions {
    var options = SocketOptions()
    options.receiveTimeout = timeout
    options.sendTimeout = timeout
    return options
  }

  /// A client with its own context, as in another process.
  static func client(
    _ kind: SocketKind, to address: String, key: CurveKeyPair?, server: CurvePublicKey,
    change: (inout SocketOptions) -> Void = { _ in }
  ) throws -> Socket {
    var options = options()
    if let key { options.curve = .client(serverKey: server, own: key) }
    change(&options)
    let socket = try Socket(try Context(), kind, options: options)
    try socket.attach(.connect(address))
    return socket
  }

  /// Waits until so many clients were denied, for at most five seconds.
  func waits(forDenials count: Int) -> Bool {
    for _ in 0..<500 {
      if denied >= count { return true }
      usleep(10_000)
    }
    return false
  }
}

/// CURVE over real sockets; every wait has an end.
@Suite(.timeLimit(.minutes(1)))
struct CurveSocketTests {
  let mine: CurveKeyPair, other: CurveKeyPair

  init() throws {
    mine = try CurveKeyPair.generate()
    other = try CurveKeyPair.generate()
  }

  @Test(arguments: [SocketKind.dealer, .request])
  func whoIsListedGetsAnAnswer(kind: SocketKind) throws {
    let server = try CurveServer(allowing: mine.publicKey)
    let router = try server.open(.router)
    let client = try CurveServer.client(
      kind, to: router.lastEndpoint, key: mine, server: server.keys.publicKey)
    for n in 0..<3 {
      #expect(try client.send(Message("\(n)", "more")))
      let request = try #require(try router.receive())
      // With each message, and all that came of it is the client's.
      #expect(request.userID == mine.publicKey.text)
      #expect(request.frames.suffix(2) == [Frame("\(n)"), Frame("more")])
      #expect(try router.send(request))
      #expect(try client.receive()?.userID == nil)
    }
    #expect(server.asked.count == 1)
    #expect(server.asked.first?.domain == "test.router")
    #expect(server.asked.first?.address == "127.0.0.1")
    #expect(server.asked.first?.mechanism == "CURVE")
  }

  @Test func eachMessageTellsWhoItIsOf() throws {
    let server = try CurveServer(allowing: mine.publicKey, other.publicKey)
    let router = try server.open(.router)
    let first = try CurveServer.client(
      .dealer, to: router.lastEndpoint, key: mine, server: server.keys.publicKey)
    let second = try CurveServer.client(
      .dealer, to: router.lastEndpoint, key: other, server: server.keys.publicKey)
    for _ in 0..<5 {
      #expect(try first.send(Message("mine")))
      #expect(try second.send(Message("other")))
    }
    for _ in 0..<10 {
      let message = try #require(try router.receive())
      let owner = message.frames[1] == Frame("mine") ? mine : other
      #expect(message.userID == owner.publicKey.text)
    }
  }

  @Test func whoIsNotListedIsNotHeard() throws {
    let server = try CurveServer(allowing: mine.publicKey)
    let router = try server.open(.router, timeout: 300)
    let client = try CurveServer.client(
      .dealer, to: router.lastEndpoint, key: other, server: server.keys.publicKey
    ) { $0.receiveTimeout = 100 }
    #expect(try client.send(Message("let me in")))
    #expect(server.waits(forDenials: 1))
    #expect(try router.receive() == nil)
    #expect(try client.receive() == nil)
    #expect(server.asked.allSatisfy { $0.clientKey == other.publicKey })
  }

  @Test func aWrongServerKeyDoesNotConnect() throws {
    let server = try CurveServer(allowing: mine.publicKey)
    let router = try server.open(.router, timeout: 700)
    let client = try CurveServer.client(
      .dealer, to: router.lastEndpoint, key: mine, server: other.publicKey)
    #expect(try client.send(Message("whom do I speak to?")))
    #expect(try router.receive() == nil)
    #expect(server.asked.isEmpty)
  }

  @Test func withoutKeysNobodyIsHeard() throws {
    let server = try CurveServer(allowing: mine.publicKey)
    let router = try server.open(.router, timeout: 700)
    let client = try CurveServer.client(
      .dealer, to: router.lastEndpoint, key: nil, server: server.keys.publicKey
    ) { $0.receiveTimeout = 100 }
    #expect(try client.send(Message("plain")))
    #expect(try router.receive() == nil)
    #expect(try client.receive() == nil)
    #expect(server.asked.isEmpty)
  }

  @Test func whoIsRevokedDoesNotComeBack() throws {
    let server = try CurveServer(allowing: mine.publicKey)
    let router = try server.open(.router, timeout: 300)
    let address = try router.lastEndpoint
    do {
      let client = try CurveServer.client(
        .dealer, to: address, key: mine, server: server.keys.publicKey)
      #expect(try client.send(Message("hello")))
      #expect(try router.receive()?.userID == mine.publicKey.text)
      server.revoke(mine.publicKey)
      // The connection lives on: its messages still tell whose they are, so that they can be refused.
      #expect(try client.send(Message("still here")))
      #expect(try router.receive()?.userID == mine.publicKey.text)
    }
    let client = try CurveServer.client(
      .dealer, to: address, key: mine, server: server.keys.publicKey)
    #expect(try client.send(Message("again")))
    #expect(server.waits(forDenials: 1))
    #expect(try router.receive() == nil)
  }

  @Test func publishersToo() throws {
    let server = try CurveServer(allowing: mine.publicKey)
    let publisher = try server.open(.xpub)
    let address = try publisher.lastEndpoint
    let subscriber = try CurveServer.client(
      .subscribe, to: address, key: mine, server: server.keys.publicKey
    ) { $0.subscriptions = ["a."] }
    let joined = try #require(try publisher.receive())
    #expect(joined.frames[0].bytes == [1] + Array("a.".utf8))
    #expect(joined.userID == mine.publicKey.text)
    let stranger = try CurveServer.client(
      .subscribe, to: address, key: other, server: server.keys.publicKey
    ) {
      $0.subscriptions = [""]
      $0.receiveTimeout = 200
    }
    let plain = try CurveServer.client(
      .subscribe, to: address, key: nil, server: server.keys.publicKey
    ) {
      $0.subscriptions = [""]
      $0.receiveTimeout = 200
    }
    #expect(server.waits(forDenials: 1))
    for _ in 0..<3 { #expect(try publisher.send(Message("a.1", "yes"))) }
    for _ in 0..<3 { #expect(try subscriber.receive() == Message("a.1", "yes")) }
    #expect(try stranger.receive() == nil)
    #expect(try plain.receive() == nil)
  }

  /// The same, by the endpoints of a loop, over ipc.
  @Test func endpointsOfALoop() async throws {
    let server = try CurveServer(allowing: mine.publicKey)
    let loop = try SocketLoop(context: server.context)
    var options = SocketOptions()
    options.curve = .server(secretKey: server.keys.secretKey, zapDomain: "d")
    let path = "/tmp/curve-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
    defer { unlink(path) }
    let router = try await loop.open(.router, at: [.bind("ipc://\(path)")], options: options)
    options.curve = .client(serverKey: server.keys.publicKey, own: mine)
    let client = try await loop.open(.dealer, at: [.connect(router.address)], options: options)
    client.send(Message("hello"))
    var requests = router.messages.makeAsyncIterator()
    let request = await requests.next()
    #expect(request?.userID == mine.publicKey.text)
    router.send(try #require(request))
    var replies = client.messages.makeAsyncIterator()
    #expect(await replies.next() == Message("hello"))
    await loop.shutdown()
    // The handler ends too, or this would wait for ever.
    await server.context.terminate()
  }

  @Test(arguments: ["", String(repeating: "x", count: 256)])
  func aServerNeedsADomain(domain: String) throws {
    let server = try CurveServer()
    var options = SocketOptions()
    options.curve = .server(secretKey: server.keys.secretKey, zapDomain: domain)
    #expect(throws: ZMQError.self) {
      _ = try Socket(server.context, .router, options: options)
    }
  }

  /// libzmq alone lets everybody in who has any key, where no handler answers.
  @Test func aServerNeedsAnAuthenticator() throws {
    var options = SocketOptions()
    options.curve = .server(secretKey: mine.secretKey, zapDomain: "d")
    let context = try Context()
    let error = #expect(throws: ZMQError.self) {
      _ = try Socket(context, .router, options: options)
    }
    #expect(error?.description.contains("authenticate") == true)
  }
}
