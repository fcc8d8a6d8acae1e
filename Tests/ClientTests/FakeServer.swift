import BusProtocol
import Glibc
import JSONC
import Synchronization
import ZeroMQ

@testable import Client

/// A ROUTER that answers as a test says.
final class FakeServer: Sendable {
  /// Sends a reply on the route of its request.
  typealias Answer = @Sendable (_ frames: [Payload]) -> Void

  /// A sound request, as it came.
  struct Seen: Sendable {
    var request: Request
    var frames: [[UInt8]]
    /// The routing id that libzmq gave the client's socket.
    var route: [UInt8]
    /// The client's key, as the authenticator calls it.
    var user: String?
    var id: String { request.header.id }
  }

  let endpoint: String
  private let loop: SocketLoop
  private let notes = Mutex<[Seen]>([])

  /// - Parameters:
  ///   - endpoint: one that another server has just left will do.
  ///   - keys: asks clients for theirs.
  ///   - handler: gets each sound request; others are answered with their rejection.
  init(
    at endpoint: String = "tcp://127.0.0.1:*", keys: FakeKeys? = nil,
    _ handler: @escaping @Sendable (Request, @escaping Answer) -> Void
  ) async throws {
    loop = try SocketLoop(context: try keys?.context ?? Context(), name: "fake-server")
    var options = SocketOptions()
    options.curve = keys?.curve
    let socket = try await loop.bind(.router, at: endpoint, options: options)
    self.endpoint = socket.address
    let messages = socket.messages
    Task { [weak self] in
      for await message in messages {
        let route = message.frames[0]
        let answer: Answer = { frames in
          socket.send(Message([route] + frames.map { Frame($0.array) }))
        }
        let payloads = message.frames.dropFirst().map { Payload($0.bytes) }
        do throws(Rejection) {
          let request = try MessageParser().parse(frames: payloads)
          let seen = Seen(
            request: request, frames: payloads.map(\.array), route: route.bytes,
            user: message.userID)
          self?.notes.withLock { $0.append(seen) }
          handler(request, answer)
        } catch {
          if let frames = try? Reply(header: error.reply).frames() { answer(frames) }
        }
      }
    }
  }

  /// Sound requests so far.
  var requests: [Request] { seen.map(\.request) }
  var seen: [Seen] { notes.withLock { $0 } }

  func close() async { await loop.shutdown(grace: .zero) }
}

extension SocketLoop {
  /// Binds, also where another socket is about to leave the port.
  func bind(
    _ kind: SocketKind, at endpoint: String, options: SocketOptions
  ) async throws -> Endpoint {
    for _ in 0..<1000 {
      do throws(ZMQError) {
        return try open(kind, at: [.bind(endpoint)], options: options)
      } catch {
        guard error.code == EADDRINUSE else { throw error }
        try await Task.sleep(for: .milliseconds(10))
      }
    }
    throw ZMQError(call: "zmq_bind", code: EADDRINUSE)
  }
}

/// The keys of a fake server and of the one client that it lets in.
struct FakeKeys: Sendable {
  let context: Context
  let server: CurveKeyPair
  let client: CurveKeyPair

  init() throws {
    context = try Context()
    server = try CurveKeyPair.generate()
    client = try CurveKeyPair.generate()
    try context.authenticate { [client] request in
      request.clientKey == client.publicKey ? .allow(userID: client.publicKey.text) : .deny
    }
  }

  var curve: CurveOptions { .server(secretKey: server.secretKey, zapDomain: "test") }
}

extension Request {
  /// Frames of an `ok` reply.
  func ok(_ result: JSONValue, _ outputs: [Tensor] = []) -> [Payload] {
    reply(ReplyHeader(id: header.id, request: "7", status: .ok, result: result), outputs)
  }

  func error(_ error: ProtocolError) -> [Payload] { reply(.failure(error, id: header.id)) }

  func status(_ status: ReplyHeader.Status) -> [Payload] {
    reply(ReplyHeader(id: header.id, request: "7", status: status))
  }

  func reply(_ header: ReplyHeader, _ outputs: [Tensor] = []) -> [Payload] {
    (try? Reply(header: header, outputs: outputs).frames()) ?? []
  }

  var isCancel: Bool { method == .cancel }
}

/// Runs a client against a fake server, and closes both.
func withClient(
  timeout: Duration = .seconds(20), retry: RetryPolicy = RetryPolicy(),
  time: any Timekeeper = SystemTime(),
  _ handler: @escaping @Sendable (Request, @escaping FakeServer.Answer) -> Void,
  _ body: (SegSAMClient, FakeServer) async throws -> Void
) async throws {
  let server = try await FakeServer(handler)
  let client = try await SegSAMClient(
    endpoint: server.endpoint, timeout: timeout, retry: retry, time: time)
  do {
    try await body(client, server)
  } catch {
    await client.close()
    await server.close()
    throw error
  }
  await client.close()
  await server.close()
}
