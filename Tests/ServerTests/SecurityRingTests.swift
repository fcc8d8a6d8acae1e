import BusProtocol
import Foundation
import Synchronization
import Testing
import ZeroMQ

@testable import Server

/// The list in force, over real sockets; every wait has an end.
@Suite(.timeLimit(.minutes(1)))
struct SecurityRingTests {
  let file = SecurityKeysTests.File()
  let server: CurveKeyPair, mine: CurveKeyPair, other: CurveKeyPair

  init() throws {
    server = try CurveKeyPair.generate()
    mine = try CurveKeyPair.generate()
    other = try CurveKeyPair.generate()
  }

  /// Denials, as they come.
  final class Denials: Sendable {
    private let list = Mutex<[KeyRing.Denial]>([])
    func add(_ denial: KeyRing.Denial) { list.withLock { $0.append(denial) } }
    var all: [KeyRing.Denial] { list.withLock { $0 } }

    func first() async throws -> KeyRing.Denial? {
      for _ in 0..<500 where all.isEmpty { try await Task.sleep(for: .milliseconds(10)) }
      return all.first
    }
  }

  func request(
    _ key: CurvePublicKey?, domain: String = KeyRing.Domain.requests.rawValue
  ) throws -> ZAPRequest {
    var request = ZAPRequest(domain: domain, address: "10.0.0.1", mechanism: "CURVE")
    request.credentials = key.map { [Self.raw($0)] } ?? []
    return request
  }

  /// https://rfc.zeromq.org/spec/32, written down once more as an oracle.
  static func raw(_ key: CurvePublicKey) -> [UInt8] {
    let alphabet = Array(
      "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#")
    let digits = key.text.map { alphabet.firstIndex(of: $0) ?? 0 }
    return stride(from: 0, to: 40, by: 5).flatMap { start in
      let value = digits[start..<start + 5].reduce(0) { $0 * 85 + $1 }
      return [24, 16, 8, 0].map { UInt8(value >> $0 & 255) }
    }
  }

  @Test func verdicts() throws {
    try file.write("\(mine.publicKey) query a\n")
    let denials = Denials()
    let ring = try KeyRing(path: file.path) { denials.add($0) }
    let stream = KeyRing.Domain.stream.rawValue
    #expect(ring.verdict(on: try request(mine.publicKey)) == .allow(userID: mine.publicKey.text))
    #expect(ring.verdict(on: try request(other.publicKey)) == .deny)
    #expect(ring.verdict(on: try request(mine.publicKey, domain: stream)) == .deny)
    #expect(ring.verdict(on: try request(mine.publicKey, domain: "")) == .deny)
    #expect(ring.verdict(on: try request(nil)) == .deny)
    var plain = try request(mine.publicKey)
    plain.mechanism = "PLAIN"
    #expect(ring.verdict(on: plain) == .deny)
    #expect(denials.all.map(\.reason) == [.unlisted, .role, .foreign, .foreign, .foreign])
    #expect(denials.all[0].key == other.publicKey && denials.all[0].address == "10.0.0.1")
  }

  @Test func rolesAndMethods() throws {
    try file.write("\(mine.publicKey) admin a\n\(other.publicKey) query,stream b\n")
    let ring = try KeyRing(path: file.path)
    #expect(ring.roles(of: mine.publicKey.text) == [.admin])
    #expect(ring.roles(of: other.publicKey.text) == [.query, .stream])
    for nobody in [nil, "", "somebody", server.publicKey.text] {
      #expect(ring.roles(of: nobody).isEmpty && ring.name(of: nobody) == nil)
      #expect(throws: ProtocolError.self) { try ring.authorize(.status, of: nobody) }
    }
    #expect(ring.name(of: other.publicKey.text) == "b")
    #expect(throws: Never.self) {
      try ring.authorize(.modelReload, of: mine.publicKey.text)
      try ring.authorize(.segment, of: other.publicKey.text)
      try ring.authorize(.streamReplay, of: other.publicKey.text)
    }
    // An administrator asks nothing, unless it may.
    let error = #expect(throws: ProtocolError.self) {
      try ring.authorize(.segment, of: mine.publicKey.text)
    }
    #expect(error?.code == .unauthorized)
    #expect(throws: ProtocolError.self) {
      try ring.authorize(.modelReload, of: other.publicKey.text)
    }
  }

  @Test func aBrokenListChangesNothing() throws {
    try file.write("\(mine.publicKey) query a\n")
    let ring = try KeyRing(path: file.path)
    try file.write("\(other.publicKey) query b\nnonsense\n")
    #expect(throws: KeyFileError.self) { try ring.reload() }
    try file.write("\(other.publicKey) query b\n", mode: 0o666)
    #expect(throws: KeyFileError.self) { try ring.reload() }
    try FileManager.default.removeItem(atPath: file.path)
    #expect(throws: KeyFileError.self) { try ring.reload() }
    #expect(ring.roles(of: mine.publicKey.text) == [.query])
    #expect(ring.roles(of: other.publicKey.text).isEmpty)
    try file.write("\(other.publicKey) query b\n")
    #expect(try ring.reload() == 1)
    #expect(ring.roles(of: mine.publicKey.text).isEmpty)
    #expect(ring.roles(of: other.publicKey.text) == [.query])
  }

  @Test func whoIsRevokedWhileConnected() async throws {
    try file.write("\(mine.publicKey) query a\n\(other.publicKey) query b\n")
    let denials = Denials()
    let ring = try KeyRing(path: file.path) { denials.add($0) }
    let loop = try SocketLoop()
    try loop.context.authenticate { ring.verdict(on: $0) }
    let router = try await open(.router, .requests, in: loop)
    let peers = try SocketLoop()
    let client = try await connect(.dealer, to: router.address, mine, in: peers)
    var requests = router.messages.makeAsyncIterator()
    client.send(Message("before"))
    let before = await requests.next()?.userID
    #expect(ring.roles(of: before) == [.query])
    try ClientKeysFile.edit(file.path) { _ = $0.revoke("a") }
    try ring.reload()
    client.send(Message("after"))
    let after = await requests.next()?.userID
    #expect(after == mine.publicKey.text)
    #expect(ring.roles(of: after).isEmpty)
    // A connection of its own is not let in any more, and nothing of it is seen; another's is.
    try await connect(.dealer, to: router.address, mine, in: peers).send(Message("again"))
    #expect(try await denials.first()?.key == mine.publicKey)
    try await connect(.dealer, to: router.address, other, in: peers).send(Message("other"))
    #expect(await requests.next()?.frames.last == Frame("other"))
    await peers.shutdown()
    await loop.shutdown()
    await loop.context.terminate()
  }

  @Test func theStreamIsForItsRole() async throws {
    try file.write("\(mine.publicKey) stream a\n\(other.publicKey) query,admin b\n")
    let denials = Denials()
    let ring = try KeyRing(path: file.path) { denials.add($0) }
    let loop = try SocketLoop()
    try loop.context.authenticate { ring.verdict(on: $0) }
    let publisher = try await open(.xpub, .stream, in: loop)
    let peers = try SocketLoop()
    _ = try await connect(.subscribe, to: publisher.address, other, in: peers)
    #expect(try await denials.first()?.reason == .role)
    let subscriber = try await connect(.subscribe, to: publisher.address, mine, in: peers)
    var joined = publisher.messages.makeAsyncIterator()
    #expect(await joined.next()?.userID == mine.publicKey.text)
    publisher.send(Message("topic", "yes"))
    var messages = subscriber.messages.makeAsyncIterator()
    #expect(await messages.next() == Message("topic", "yes"))
    await peers.shutdown()
    await loop.shutdown()
    await loop.context.terminate()
  }

  private func open(
    _ kind: SocketKind, _ domain: KeyRing.Domain, in loop: SocketLoop
  ) async throws -> Endpoint {
    var options = SocketOptions()
    options.curve = .server(secretKey: server.secretKey, zapDomain: domain.rawValue)
    return try await loop.open(kind, at: [.bind("tcp://127.0.0.1:*")], options: options)
  }

  @discardableResult
  private func connect(
    _ kind: SocketKind, to address: String, _ pair: CurveKeyPair, in loop: SocketLoop
  ) async throws -> Endpoint {
    var options = SocketOptions()
    options.curve = .client(serverKey: server.publicKey, own: pair)
    options.subscriptions = [""]
    return try await loop.open(kind, at: [.connect(address)], options: options)
  }
}
