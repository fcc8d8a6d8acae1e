import BusProtocol
import Client
import JSONC
import Synchronization
import ZeroMQ

/// A ROUTER that answers as a test says.
final class FakeServer: Sendable {
  /// Sends a reply on the route of its request.
  typealias Answer = @Sendable (_ frames: [Payload]) -> Void

  let endpoint: String
  private let loop: SocketLoop
  private let seen = Mutex<[Request]>([])

  /// - Parameter handler: gets each sound request; others are answered with their rejection.
  init(_ handler: @escaping @Sendable (Request, @escaping Answer) -> Void) async throws {
    loop = try SocketLoop(name: "fake-server")
    let socket = try await loop.open(.router, at: [.bind("tcp://127.0.0.1:*")])
    endpoint = socket.address
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
          self?.note(request)
          handler(request, answer)
        } catch {
          if let frames = try? Reply(header: error.reply).frames() { answer(frames) }
        }
      }
    }
  }

  private func note(_ request: Request) { seen.withLock { $0.append(request) } }

  /// Sound requests so far.
  var requests: [Request] { seen.withLock { $0 } }

  func close() async { await loop.shutdown(grace: .zero) }
}

extension Request {
  /// Frames of an `ok` reply.
  func ok(_ result: JSONValue, _ outputs: [Tensor] = []) -> [Payload] {
    reply(ReplyHeader(id: header.id, request: "7", status: .ok, result: result), outputs)
  }

  func reply(_ header: ReplyHeader, _ outputs: [Tensor] = []) -> [Payload] {
    (try? Reply(header: header, outputs: outputs).frames()) ?? []
  }
}

/// Runs a client against a fake server, and closes both.
func withClient(
  timeout: Duration = .seconds(20),
  _ handler: @escaping @Sendable (Request, @escaping FakeServer.Answer) -> Void,
  _ body: (SegSAMClient, FakeServer) async throws -> Void
) async throws {
  let server = try await FakeServer(handler)
  let client = try await SegSAMClient(endpoint: server.endpoint, timeout: timeout)
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
