import BusProtocol
import Foundation
import JSONC
import Testing
import ZeroMQ

@testable import Client

/// Keys, over real sockets.
@Suite(.timeLimit(.minutes(1))) struct CurveTests {
  let keys: FakeKeys

  init() throws { keys = try FakeKeys() }

  var pair: ConnectionKeys { ConnectionKeys(server: keys.server.publicKey, own: keys.client) }

  @Test("The client's key lets it in, from a file too, and over a new socket")
  func client() async throws {
    let path = FileManager.default.temporaryDirectory
      .appendingPathComponent("key-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try CurveKeyFile.create(path, for: keys.client, comment: "of a test")
    #expect(try ConnectionKeys(server: keys.server.publicKey, file: path) == pair)
    let time = ManualTime()
    let server = try await FakeServer(keys: keys) { request, answer in
      if time.now > .zero { answer(request.ok(["n": 1])) }
    }
    let client = try await SegSAMClient(
      endpoint: server.endpoint, retry: RetryTests.policy,
      keys: try ConnectionKeys(server: keys.server.publicKey, file: path), time: time)
    let reply = Task { try await client.call(.capabilities) }
    try await eventually { server.seen.count == 1 }
    time.advance(by: .seconds(10))
    #expect(try await reply.value.header.result == ["n": 1])
    #expect(server.seen.count == 2)
    #expect(server.seen.allSatisfy { $0.user == keys.client.publicKey.text })
    await client.close()
    await server.close()
  }

  @Test("Others get no answer")
  func strangers() async throws {
    let server = try await FakeServer(keys: keys) { request, answer in
      answer(request.ok(["n": 1]))
    }
    let stranger = try CurveKeyPair.generate()
    for keys in [
      nil, ConnectionKeys(server: keys.server.publicKey, own: stranger),
      ConnectionKeys(server: stranger.publicKey, own: keys.client),
    ] {
      let client = try await SegSAMClient(
        endpoint: server.endpoint, timeout: .milliseconds(200), keys: keys)
      let error = await #expect(throws: ClientError.self) {
        try await client.call(.capabilities)
      }
      #expect(error?.code == "timed_out")
      await client.close()
    }
    #expect(server.seen.isEmpty)
    await server.close()
  }

  @Test func noFile() {
    let error = #expect(throws: KeyFileError.self) {
      try ConnectionKeys(server: keys.server.publicKey, file: "/nowhere/key")
    }
    #expect(error?.code == .unreadable)
  }

  @Test("The stream, and what it missed", arguments: [true, false])
  func stream(resumes: Bool) async throws {
    let stream = try await FakeStream(keys: keys)
    let client = try await SegSAMClient(endpoint: stream.requests.endpoint, keys: pair)
    let subscriber = try await StreamSubscriber(
      endpoint: stream.endpoint, resuming: resumes ? client : nil, after: resumes ? 0 : nil,
      keys: pair)
    let collector = Collector(subscriber)
    if resumes {
      stream.publish(isLost: true)
      try await eventually { collector.positions == [1] }
      #expect(collector.replayed == [1])
    } else {
      try await eventually {
        stream.publish()
        return !collector.all.isEmpty
      }
      #expect(subscriber.position != nil && subscriber.fault == nil)
    }
    await subscriber.close()
    await client.close()
    await stream.close()
  }
}
