public import BusProtocol
import Foundation
import JSONC
public import ZeroMQ

/// A client of a SegSAM server: one DEALER connection, any number of requests in flight.
///
/// ```swift
/// let client = try await SegSAMClient(endpoint: "tcp://127.0.0.1:5555")
/// let answer = try await client.segment(.file(png, contentType: "image/png"), ["liver"])
/// ```
///
/// libzmq connects in the background and again after a break: a server that is away shows as
/// `ClientError.timedOut`. Safe to share between tasks.
public final class SegSAMClient: Sendable {
  /// A UUID, under which the server keeps this client's held images and stored answers; give the
  /// same one after a restart to have them again.
  public let clientID: String
  public let endpoint: String
  /// How long to wait for a final reply to a request without a deadline of its own.
  public let timeout: Duration

  private let loop: SocketLoop
  private let socket: Endpoint
  private let registry: Registry
  private let limits: ProtocolLimits

  /// With a deadline, the server answers at the deadline; its reply has this long to arrive.
  private static let grace = Duration.seconds(2)

  /// - Parameters:
  ///   - clientID: a UUID; a new one if not given.
  ///   - context: to be shared where server and client speak `inproc`.
  ///   - inFlight: requests at a time; more are `overloaded`.
  /// - Throws: `ClientError.connection` where the endpoint makes no sense to libzmq.
  public init(
    endpoint: String, clientID: String? = nil, timeout: Duration = .seconds(60),
    context: Context? = nil, inFlight: Int = 1024
  ) async throws(ClientError) {
    self.endpoint = endpoint
    self.clientID = (clientID ?? UUID().uuidString).lowercased()
    self.timeout = timeout
    limits = ProtocolLimits()
    registry = Registry(capacity: inFlight)
    var options = SocketOptions()
    options.linger = 1000
    options.heartbeat = .init(interval: 5_000, timeout: 20_000)
    do throws(ZMQError) {
      let context = if let context { context } else { try Context() }
      loop = try SocketLoop(context: context, name: "segsam-client")
      do throws(ZMQError) {
        socket = try await loop.open(.dealer, at: [.connect(endpoint)], options: options)
      } catch {
        await loop.shutdown(grace: .zero)
        throw error
      }
    } catch {
      throw .connection(error)
    }
    // Without self: the loop of messages must not keep the client alive.
    let (messages, registry) = (socket.messages, registry)
    Task {
      for await message in messages { registry.receive(message) }
      registry.close()
    }
  }

  deinit {
    let (loop, registry) = (loop, registry)
    registry.close()
    Task { await loop.shutdown(grace: .zero) }
  }

  /// Sends what is queued, ends all requests with `closed`, disconnects.
  public func close() async {
    registry.close()
    await loop.shutdown(grace: .seconds(1))
  }

  /// Sends a request, and returns at once.
  ///
  /// - Parameters:
  ///   - image: of methods that take one, unless `parameters` has an `image_id`.
  /// - Throws: `overloaded`, `closed`, or `refused` where the header is too large for any server.
  public func start(
    _ parameters: MethodParameters, image: Tensor? = nil, options: RequestOptions = .init()
  ) throws(ClientError) -> Exchange {
    let id = options.id ?? UUID().uuidString.lowercased()
    let header = RequestHeader(
      id: id, client: clientID, method: parameters.method.rawValue,
      deadlineMilliseconds: options.deadline.map { max(1, $0.milliseconds) },
      priority: options.priority, progress: options.wantsProgress, durable: options.isDurable,
      parameters: parameters.json)
    let message = try self.message(header, image: image)
    let (registry, socket, clientID) = (registry, socket, clientID)
    let exchange = Exchange(id: id) {
      registry.settle(id, .failure(.cancelled))
      Self.sendCancel(of: id, client: clientID, over: socket)
    }
    try registry.add(exchange)
    guard socket.send(message) else {
      registry.settle(id, .failure(.overloaded))
      throw .overloaded
    }
    let wait = options.timeout ?? options.deadline.map { $0 + Self.grace } ?? timeout
    exchange.startTimer(wait) { registry.settle(id, .failure(.timedOut(after: wait))) }
    return exchange
  }

  /// Sends a request and waits for its final reply.
  public func call(
    _ parameters: MethodParameters, image: Tensor? = nil, options: RequestOptions = .init()
  ) async throws(ClientError) -> Reply {
    try await start(parameters, image: image, options: options).reply()
  }

  private func message(
    _ header: RequestHeader, image: Tensor?
  ) throws(ClientError) -> Message {
    let payloads: [Payload]
    do throws(ProtocolError) {
      payloads = try header.frames(inputs: image.map { [$0] } ?? [])
      // Its refusal would come back without an id, and find nobody.
      if let size = payloads.first?.count, size > limits.headerBytes {
        throw .tooLarge(limit: "header_bytes", maximum: limits.headerBytes, actual: size)
      }
    } catch {
      throw .refused(error)
    }
    do throws(ZMQError) {
      var frames: [Frame] = []
      for payload in payloads { frames.append(try payload.frame()) }
      return Message(frames)
    } catch {
      throw .connection(error)
    }
  }

  /// Nobody waits for the answer.
  private static func sendCancel(of id: String, client: String, over socket: Endpoint) {
    let cancel = MethodParameters.cancel(id: id)
    let header = RequestHeader(
      id: UUID().uuidString.lowercased(), client: client, method: cancel.method.rawValue,
      parameters: cancel.json)
    guard let payloads = try? header.frames() else { return }
    socket.send(Message(payloads.map { Frame($0.array) }))
  }
}

extension Duration {
  fileprivate var milliseconds: Int {
    let (seconds, rest) = components
    let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1000)
    return overflow ? Int.max : Int(clamping: whole) + Int(rest / 1_000_000_000_000_000)
  }
}
