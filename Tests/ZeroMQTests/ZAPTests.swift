import Glibc
import Synchronization
import Testing

@testable import ZeroMQ

/// The handler as libzmq's server sockets speak to it, and as nobody should.
@Suite(.timeLimit(.minutes(1)))
struct ZAPTests {
  static let key: [UInt8] = Array(repeating: 7, count: 32)

  static func frames(
    _ mechanism: String = "CURVE", _ credentials: [[UInt8]] = [key], version: String = "1.0",
    domain: String = "d"
  ) -> Message {
    let head = [version, "42", domain, "127.0.0.1", "", mechanism]
    return Message(head.map { Frame($0) } + credentials.map { Frame($0) })
  }

  func ask(_ message: Message, _ authenticator: @escaping Authenticator) throws -> [String] {
    let context = try Context()
    try context.authenticate(by: authenticator)
    let client = try Socket(context, .request, options: CurveServer.options())
    try client.attach(.connect(ZAPHandler.address))
    #expect(try client.send(message))
    return try #require(try client.receive()).frames.map(\.text)
  }

  @Test func allowed() throws {
    let asked = Mutex<[ZAPRequest]>([])
    let answer = try ask(Self.frames()) { request in
      asked.withLock { $0.append(request) }
      return .allow(userID: request.clientKey?.text ?? "nobody")
    }
    let request = try #require(asked.withLock { $0.first })
    #expect(
      request
        == ZAPRequest(
          domain: "d", address: "127.0.0.1", mechanism: "CURVE", credentials: [Self.key]))
    #expect(answer == ["1.0", "42", "200", "OK", request.clientKey?.text ?? "none", ""])
  }

  @Test func denied() throws {
    let answer = try ask(Self.frames("PLAIN", [[1], [2]])) { _ in .deny }
    #expect(answer == ["1.0", "42", "400", "not allowed", "", ""])
  }

  @Test(arguments: ["", String(repeating: "é", count: 128)])
  func userIDsThatDoNotFit(userID: String) throws {
    #expect(try ask(Self.frames()) { _ in .allow(userID: userID) }[2] == "500")
  }

  @Test(arguments: [
    Message("1.0"), Message(""), Message("1.0", "1", "d", "a", "i"), frames(version: "2.0"),
    frames("CURVE", []), frames("CURVE", [[1, 2]]), frames("CURVE", [key, key]),
    frames("PLAIN", [[1]]), frames("NULL", [[]]), frames("", []),
    frames(domain: String(repeating: "x", count: 256)),
    frames("GSSAPI", Array(repeating: [1], count: 40)),
    [Frame("1.0"), Frame("1"), Frame([0xff]), Frame(""), Frame(""), Frame("NULL")],
    [Frame("1.0"), Frame(Array(repeating: 1, count: 300))],
    [Frame("1.0"), Frame("1"), Frame("d"), Frame("a"), Frame("i"), Frame([0xc0, 0x80])],
    frames("GSSAPI", [Array(repeating: 1, count: 100_000)]),
  ])
  func malformed(message: Message) throws {
    let answer = try ask(message) { _ in .allow(userID: "never") }
    #expect(answer.count == 6 && answer[0] == "1.0")
    #expect(answer[2...] == ["400", "malformed request", "", ""])
  }

  /// It answers the next one as if nothing had been.
  @Test func afterNonsense() throws {
    let context = try Context()
    try context.authenticate { _ in .allow(userID: "u") }
    let client = try Socket(context, .dealer, options: CurveServer.options())
    try client.attach(.connect(ZAPHandler.address))
    // No envelope: REP drops it.
    #expect(try client.send(Message("nonsense")))
    #expect(try client.send(Message([Frame([])] + Message("1.0").frames)))
    #expect(try client.send(Message([Frame([])] + Self.frames().frames)))
    #expect(try client.receive()?.frames[3] == Frame("400"))
    #expect(try client.receive()?.frames[3] == Frame("200"))
  }

  @Test func oneForAContext() throws {
    let context = try Context()
    try context.authenticate { _ in .deny }
    let error = #expect(throws: ZMQError.self) { try context.authenticate { _ in .deny } }
    #expect(error?.code == EADDRINUSE)
  }

  /// With the context, terminated or forgotten: then the authenticator is let go.
  @Test(arguments: [true, false]) func itsEnd(isTerminated: Bool) async throws {
    final class Token: Sendable {}
    weak var held: Token?
    do {
      let context = try Context()
      let token = Token()
      held = token
      try context.authenticate { [token] _ in .allow(userID: "\(token)") }
      #expect(held != nil)
      if isTerminated {
        await context.terminate()
        #expect(throws: ZMQError.self) { try context.authenticate { _ in .deny } }
      }
    }
    for _ in 0..<500 where held != nil { try await Task.sleep(for: .milliseconds(10)) }
    #expect(held == nil)
  }

  /// The context ends while clients are at the door.
  @Test func theEndOfABusyContext() async throws {
    let key = try CurveKeyPair.generate()
    for n in 0..<20 {
      let server = try CurveServer(allowing: key.publicKey)
      let loop = try SocketLoop(context: server.context)
      var options = SocketOptions()
      options.curve = .server(secretKey: server.keys.secretKey, zapDomain: "d")
      let router = try await loop.open(.router, at: [.bind("tcp://127.0.0.1:*")], options: options)
      let peers = try SocketLoop()
      options.curve = .client(serverKey: server.keys.publicKey, own: key)
      options.reconnect = (1, 1)
      for _ in 0..<8 {
        let client = try await peers.open(.dealer, at: [.connect(router.address)], options: options)
        client.send(Message("hello"))
      }
      try await Task.sleep(for: .milliseconds(n))
      await loop.shutdown(grace: .zero)
      await server.context.terminate()
      await peers.shutdown(grace: .zero)
      await peers.context.terminate()
    }
  }
}
