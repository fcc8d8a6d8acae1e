import BusProtocol
import Imaging
import Logging
import ZeroMQ

/// The sockets and tasks of a server that runs.
struct LiveServer: Sendable {
  let endpoints: SegmentService.Endpoints
  private let loop: SocketLoop
  private let router: Endpoint, publisher: Endpoint
  private let dispatcher: Dispatcher
  private let tasks: [Task<Void, Never>]
  private let grace: Duration

  init(
    configuration: SegmentService.Configuration, work: RequestWork, logger: Logger
  ) async throws(ServiceError) {
    do throws(ZMQError) {
      loop = try SocketLoop(name: "segsam-bus")
    } catch {
      throw ServiceError(.bindFailed, "\(error)")
    }
    do throws(ZMQError) {
      router = try await loop.open(
        .router, at: [.bind(configuration.bind)], options: configuration.routerOptions,
        limits: configuration.routerLimits)
      publisher = try await loop.open(
        .xpub, at: [.bind(configuration.publish)], options: configuration.publisherOptions,
        limits: EndpointLimits(inboxBytes: 1 << 20))
    } catch {
      await loop.shutdown(grace: .zero)
      throw ServiceError(
        .bindFailed, "\(configuration.bind), \(configuration.publish): \(error)")
    }
    endpoints = SegmentService.Endpoints(bind: router.address, publish: publisher.address)
    grace = configuration.stopGrace
    let stream = Publisher(endpoint: publisher, topicCapacity: configuration.budget.topics)
    dispatcher = Dispatcher(
      configuration: configuration, router: router, publisher: stream, work: work, logger: logger)
    let parser = MessageParser(
      limits: configuration.limits, contentTypes: Set(ImageFile.contentTypes))
    tasks = Self.tasks(
      parser, router: router, publisher: publisher, stream: stream, dispatcher: dispatcher,
      heartbeat: configuration.heartbeat)
  }

  private static func tasks(
    _ parser: MessageParser, router: Endpoint, publisher: Endpoint, stream: Publisher,
    dispatcher: Dispatcher, heartbeat: Duration
  ) -> [Task<Void, Never>] {
    [
      // Parsing and digesting large messages takes time: not on the cooperative pool.
      Task(executorPreference: dispatcher.executor) {
        for await message in router.messages {
          guard let peer = message.frames.first else { continue }
          switch parser.request(in: message) {
          case .success(let request):
            await dispatcher.receive(request, digest: request.digest, from: peer)
          case .failure(let rejection): await dispatcher.refuse(rejection, from: peer)
          }
        }
      },
      // Subscriptions are libzmq's business; unread they would pile up.
      Task { for await _ in publisher.messages {} },
      Task {
        while !Task.isCancelled {
          stream.heartbeat()
          await dispatcher.sweep()
          try? await Task.sleep(for: heartbeat)
        }
      },
    ]
  }

  func stop() async {
    await dispatcher.drain(grace: grace)
    for task in tasks { task.cancel() }
    await loop.shutdown(grace: .seconds(2))
    await loop.context.terminate()
  }
}

extension MessageParser {
  /// Reads what came after the routing id.
  func request(in message: Message) -> Result<Request, Rejection> {
    let payloads = message.frames.dropFirst().map { Payload($0) }
    do throws(Rejection) {
      let request = try parse(frames: payloads)
      if !message.isTruncated { return .success(request) }
      return .failure(
        Rejection(
          .tooLarge(limit: "inputs", maximum: limits.inputs), id: request.header.id,
          isEnveloped: request.isEnveloped))
    } catch {
      if !message.isTruncated { return .failure(error) }
      let isMany = payloads.count > limits.inputs
      return .failure(
        Rejection(
          .tooLarge(
            limit: isMany ? "inputs" : "input_bytes",
            maximum: isMany ? limits.inputs : limits.inputBytes), id: error.id,
          isEnveloped: error.isEnveloped))
    }
  }
}

extension SegmentService.Configuration {
  /// How long libzmq keeps trying to deliver the last replies of a server that stops.
  private static let linger = 1_000

  var routerOptions: SocketOptions {
    var options = SocketOptions()
    options.linger = Self.linger
    // Few: our own queues hold what a peer has not taken, counted in bytes.
    options.sendHighWaterMark = 16
    options.receiveHighWaterMark = 16
    // A larger frame costs its sender the connection. Above every limit that is answered.
    options.maximumFrameBytes = limits.inputBytes + limits.headerBytes
    options.heartbeat = SocketOptions.Heartbeat(interval: 10_000, timeout: 30_000)
    options.routerHandover = false
    return options
  }

  var routerLimits: EndpointLimits {
    EndpointLimits(
      inboxBytes: 64 << 20, outboxBytes: 2 * budget.replyBytes + (64 << 20),
      outboxBytesPerPeer: budget.replyBytes + (16 << 20),
      // One input more than allowed, so that the parser sees that there are too many.
      message: MessageLimits(frames: limits.inputs + 4, bytes: limits.inputBytes + (32 << 20)))
  }

  var publisherOptions: SocketOptions {
    var options = SocketOptions()
    options.linger = Self.linger
    options.sendHighWaterMark = budget.subscriberMessages
    // Subscribers send topics only.
    options.maximumFrameBytes = 4096
    options.heartbeat = SocketOptions.Heartbeat(interval: 10_000, timeout: 30_000)
    return options
  }
}
