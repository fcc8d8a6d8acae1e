import Glibc
import Testing

@testable import ZeroMQ

/// A peer that says in its handshake what nobody has checked.
struct UserIDTests {
  /// ZMTP 3.0 by hand (https://rfc.zeromq.org/spec/23): the NULL handshake of a DEALER that gives
  /// itself a `User-Id`, and one message.
  static func forgery() -> (greeting: [UInt8], rest: [UInt8]) {
    func property(_ name: String, _ value: String) -> [UInt8] {
      [UInt8(name.utf8.count)] + Array(name.utf8) + [0, 0, 0, UInt8(value.utf8.count)]
        + Array(value.utf8)
    }
    let greeting: [UInt8] =
      [0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3, 0] + Array("NULL".utf8)
      + [UInt8](repeating: 0, count: 16 + 1 + 31)
    let ready =
      [5] + Array("READY".utf8) + property("Socket-Type", "DEALER")
      + property("User-Id", "somebody")
    return (greeting, [0x04, UInt8(ready.count)] + ready + [0x00, 5] + Array("hello".utf8))
  }

  @Test(.timeLimit(.minutes(1))) func cannotBeForged() throws {
    let context = try Context()
    var options = SocketOptions()
    options.receiveTimeout = 5_000
    let router = try Socket(context, .router, options: options)
    try router.attach(.bind("tcp://127.0.0.1:*"))
    let port = try #require(UInt16(try router.lastEndpoint.split(separator: ":").last ?? ""))
    let peer = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(peer) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    let connected = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(peer, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    #expect(connected == 0)
    let (greeting, rest) = Self.forgery()
    #expect(write(peer, greeting, greeting.count) == greeting.count)
    // libzmq wants its own greeting to be read first; it sends it at once, or closes.
    var theirs = [UInt8](repeating: 0, count: greeting.count)
    #expect(recv(peer, &theirs, theirs.count, Int32(MSG_WAITALL)) == greeting.count)
    #expect(write(peer, rest, rest.count) == rest.count)
    let message = try #require(try router.receive())
    #expect(message.frames.last == Frame("hello"))
    // libzmq believes it; we do not ask it.
    #expect(message.frames.last?.property("User-Id") == "somebody")
    #expect(message.userID == nil)
  }
}
