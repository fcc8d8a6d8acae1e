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
/// A request whose answer does not come, as the server or the connection breaks, is sent again under
/// its id, over a new socket, as `RetryPolicy` says; so is one that finds the server busy. A server
/// that stays away shows as `ClientError.timedOut`. Safe to share between tasks.
public final class SegSAMClient: Sendable {
  /// A UUID, under which the server keeps this client's held images and stored answers, unless it
  /// knows it by its key; give the same one after a restart to have them again.
  public let clientID: String
  public let endpoint: String
  /// How long to wait for a final reply to a request without a deadline of its own, all tries
  /// together.
  public let timeout: Duration
  public let retry: RetryPolicy

  private let loop: SocketLoop
  let courier: Courier
  private let limits: ProtocolLimits
  let time: any Timekeeper

  /// With a deadline, the server answers at the deadline; its reply has this long to arrive.
  private static let grace = Duration.seconds(2)

  /// - Parameters:
  ///   - clientID: a UUID; a new one if not given.
  ///   - keys: for a server that asks for keys.
  ///   - context: to be shared where server and client speak `inproc`.
  ///   - inFlight, bytesInFlight: requests at a time, and their bytes; more are `overloaded`.
  /// - Throws: `ClientError.connection` where the endpoint makes no sense to libzmq.
  public convenience init(
    endpoint: String, clientID: String? = nil, timeout: Duration = .seconds(60),
    retry: RetryPolicy = RetryPolicy(), keys: ConnectionKeys? = nil, context: Context? = nil,
    inFlight: Int = 1024, bytesInFlight: Int = 1 << 30
  ) async throws(ClientError) {
    try await self.init(
      endpoint: endpoint, clientID: clientID, timeout: timeout, retry: retry, keys: keys,
      context: context, inFlight: inFlight, bytesInFlight: bytesInFlight, time: SystemTime())
  }

  init(
    endpoint: String, clientID: String? = nil, timeout: Duration = .seconds(60),
    retry: RetryPolicy = RetryPolicy(), keys: ConnectionKeys? = nil, context: Context? = nil,
    inFlight: Int = 1024, bytesInFlight: Int = 1 << 30, time: any Timekeeper
  ) async throws(ClientError) {
    let id = (clientID ?? .newID()).lowercased()
    self.endpoint = endpoint
    self.clientID = id
    self.timeout = timeout
    self.retry = retry
    self.time = time
    limits = ProtocolLimits()
    // Without lingering: what a socket that was given up has not sent is sent by the next one.
    var options = SocketOptions()
    options.heartbeat = .init(interval: 5_000, timeout: 20_000)
    options.curve = keys?.curve
    // Whatever may be in flight may also wait to be sent.
    let room = bytesInFlight + (16 << 20)
    let bounds = EndpointLimits(outboxBytes: room, outboxBytesPerPeer: room)
    do throws(ZMQError) {
      let context = if let context { context } else { try Context() }
      let loop = try SocketLoop(context: context, name: "segsam-client")
      self.loop = loop
      do throws(ZMQError) {
        courier = try await Courier(
          clientID: id, policy: retry, capacity: inFlight, byteCapacity: bytesInFlight, time: time
        ) { [options] () async throws(ZMQError) -> Endpoint in
          try await loop.open(
            .dealer, at: [.connect(endpoint)], options: options, limits: bounds)
        }
      } catch {
        await loop.shutdown(grace: .zero)
        throw error
      }
    } catch {
      throw .connection(error)
    }
  }

  deinit {
    let loop = loop
    courier.close()
    Task { await loop.shutdown(grace: .zero) }
  }

  /// Ends all requests with `closed`, and disconnects. What was sent just before, such as a
  /// request to cancel, still goes out where the connection stands.
  public func close() async {
    courier.close()
    await loop.shutdown(grace: .seconds(1))
  }

  /// Sends a request, and returns at once.
  ///
  /// - Parameters:
  ///   - image: of methods that take one, unless `parameters` has an `image_id`.
  ///   - mask: of `segment`, where its queries start from: UINT8 named `mask`.
  /// - Throws: `overloaded`, `closed`, or `refused` where the header is too large for any server.
  public func start(
    _ parameters: MethodParameters, image: Tensor? = nil, mask: Tensor? = nil,
    options: RequestOptions = .init()
  ) throws(ClientError) -> Exchange {
    let id = options.id ?? .newID()
    let header = RequestHeader(
      id: id, client: clientID, method: parameters.method.rawValue,
      deadlineMilliseconds: options.deadline.map { max(1, $0.milliseconds) },
      priority: options.priority,
      // What takes long tells by it that it is still there.
      progress: options.wantsProgress || parameters.takesLong, durable: options.isDurable,
      parameters: parameters.json)
    let message = try self.message(header, inputs: [image, mask].compactMap { $0 })
    let courier = courier
    let exchange = Exchange(id: id, interest: options.interest) { courier.abandon($0) }
    let patience = options.timeout ?? options.deadline.map { $0 + Self.grace } ?? timeout
    try courier.send(
      message, for: exchange, patience: patience, isDurable: options.isDurable)
    return exchange
  }

  /// Sends a request and waits for its final reply.
  public func call(
    _ parameters: MethodParameters, image: Tensor? = nil, mask: Tensor? = nil,
    options: RequestOptions = .init()
  ) async throws(ClientError) -> Reply {
    try await start(parameters, image: image, mask: mask, options: options).reply()
  }

  private func message(
    _ header: RequestHeader, inputs: [Tensor]
  ) throws(ClientError) -> Message {
    let payloads: [Payload]
    do throws(ProtocolError) {
      payloads = try header.frames(inputs: inputs)
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
}

extension MethodParameters {
  /// Whether the answer may wait for a queue, a model or a disk.
  fileprivate var takesLong: Bool {
    switch self {
    case .segment, .report, .imagePut, .streamReplay, .modelReload: true
    case .imageDrop, .categoriesList, .categoriesResolve, .capabilities, .status, .cancel: false
    }
  }
}

extension RequestOptions {
  fileprivate var interest: Exchange.Interest {
    wantsProgress ? .all : isDurable ? .acceptance : .none
  }
}

extension String {
  /// For a client or a request.
  static func newID() -> String { UUID().uuidString.lowercased() }
}

extension Duration {
  fileprivate var milliseconds: Int {
    let (seconds, rest) = components
    let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1000)
    return overflow ? Int.max : Int(clamping: whole) + Int(rest / 1_000_000_000_000_000)
  }
}
