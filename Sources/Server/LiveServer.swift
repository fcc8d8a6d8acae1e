import BusProtocol
import Imaging
import Journal
import Logging
import Telemetry
import ZeroMQ

/// The sockets and tasks of a server that runs.
struct LiveServer: Sendable {
  let endpoints: SegmentService.Endpoints
  private let loop: SocketLoop
  private let dispatcher: Dispatcher
  private let access: Access?
  private let stream: Publisher
  private let journals: OpenJournals
  private let tasks: [Task<Void, Never>]
  private let grace: Duration
  private let ownsContext: Bool

  init(
    configuration: SegmentService.Configuration, work: RequestWork, logger: Logger,
    reload: SegmentService.Reload?, metrics: ServerMetrics?, context: Context?
  ) async throws(ServiceError) {
    ownsContext = context == nil
    let executor = WorkExecutor(label: "segsam.journal")
    access = try configuration.security.map { security throws(ServiceError) in
      try Access(security, logger: logger, metrics: metrics)
    }
    journals = try await OpenJournals.open(configuration, on: executor)
    let sockets: Sockets
    do throws(ServiceError) {
      sockets = try await Sockets(configuration, access: access, context: context)
    } catch {
      journals.close()
      throw error
    }
    loop = sockets.loop
    endpoints = SegmentService.Endpoints(
      bind: sockets.router.address, publish: sockets.publisher.address)
    grace = configuration.stopGrace
    stream = Publisher(
      endpoint: sockets.publisher, journal: journals.stream, metrics: metrics
    ) { error in
      metrics?.journalFailures.increment()
      logger.error("the stream's journal failed", metadata: ["error": "\(error)"])
    }
    let durable = journals.requests.map {
      DurableRequests(journal: $0, logger: logger) { metrics?.journalFailures.increment() }
    }
    var work = work
    work.stream = stream
    dispatcher = Dispatcher(
      configuration: configuration, loop: sockets.loop, router: sockets.router, publisher: stream,
      work: work,
      logger: logger, durable: durable, reload: reload, metrics: metrics,
      ring: access?.ring)
    metrics?.snapshot = { [dispatcher, stream, journals] in
      await dispatcher.snapshot(stream: stream, journals: journals)
    }
    let parser = MessageParser(
      limits: configuration.limits, contentTypes: Set(ImageFile.contentTypes))
    if let durable {
      let restored = await Task(executorPreference: executor) {
        Result { try durable.restore(parser) }
      }.value
      switch restored {
      case .success(let requests):
        durable.publishLeft(by: stream)
        await dispatcher.restore(requests)
      case .failure(let error):
        await loop.shutdown(grace: .zero)
        journals.close()
        throw ServiceError(.journal, "\(error)")
      }
    }
    tasks = Self.tasks(
      parser, sockets, stream: stream, dispatcher: dispatcher, journals: journals,
      executor: executor, heartbeat: configuration.heartbeat, logger: logger)
  }

  private static func tasks(
    _ parser: MessageParser, _ sockets: Sockets, stream: Publisher, dispatcher: Dispatcher,
    journals: OpenJournals, executor: WorkExecutor, heartbeat: Duration, logger: Logger
  ) -> [Task<Void, Never>] {
    [
      Task { await dispatcher.serve(parser) },
      // Subscriptions are libzmq's business; unread they would pile up.
      Task { for await _ in sockets.publisher.messages {} },
      Task {
        while !Task.isCancelled {
          stream.heartbeat()
          await dispatcher.sweep()
          try? await Task.sleep(for: heartbeat)
        }
      },
      Task(executorPreference: executor) {
        while !Task.isCancelled {
          journals.sweep(logger)
          try? await Task.sleep(for: .seconds(10))
        }
      },
    ]
  }

  /// Reads the list of clients again. Where that fails, the one before stays in force.
  func reloadKeys() throws(ServiceError) -> Int {
    guard let access else { return 0 }
    do {
      return try access.ring.reload()
    } catch {
      throw ServiceError(.badConfiguration, error.message)
    }
  }

  func stop() async {
    await dispatcher.drain(grace: grace)
    for task in tasks { task.cancel() }
    await stream.flush()
    await loop.shutdown(grace: .seconds(2))
    if ownsContext { await loop.context.terminate() }
    // A sweep may still be at it.
    for task in tasks { await task.value }
    journals.close()
  }
}

/// Both sockets, bound.
struct Sockets: Sendable {
  let loop: SocketLoop
  let router: Endpoint, publisher: Endpoint

  init(
    _ configuration: SegmentService.Configuration, access: Access?, context: Context?
  ) async throws(ServiceError) {
    var (requests, stream) = (configuration.routerOptions, configuration.publisherOptions)
    do throws(ZMQError) {
      let context = if let context { context } else { try Context() }
      loop = try SocketLoop(context: context, name: "segsam-bus")
      if let access {
        try loop.context.authenticate { access.ring.verdict(on: $0) }
        (requests.curve, stream.curve) = (access.curve(.requests), access.curve(.stream))
      }
    } catch {
      throw ServiceError(.bindFailed, "\(error)")
    }
    do throws(ZMQError) {
      router = try await loop.open(
        .router, at: [.bind(configuration.bind)], options: requests,
        limits: configuration.routerLimits)
      publisher = try await loop.open(
        .xpub, at: [.bind(configuration.publish)], options: stream,
        limits: EndpointLimits(inboxBytes: 1 << 20))
    } catch {
      await loop.shutdown(grace: .zero)
      throw ServiceError(
        .bindFailed, "\(configuration.bind), \(configuration.publish): \(error)")
    }
  }
}

extension MessageParser {
  /// Reads what came after the routing id.
  func arrival(in message: Message, from peer: Frame) -> Result<Arrival, Rejection> {
    let payloads = message.frames.dropFirst().map { Payload($0) }
    do throws(Rejection) {
      let request = try parse(frames: payloads)
      guard !message.isTruncated else {
        return .failure(
          Rejection(
            .tooLarge(limit: "inputs", maximum: limits.inputs), id: request.header.id,
            isEnveloped: request.isEnveloped))
      }
      let digests = request.digests
      return .success(
        Arrival(
          content: request, digest: digests.request, imageDigest: digests.image,
          frames: Array(message.frames.dropFirst(request.isEnveloped ? 2 : 1)), peer: peer,
          user: message.userID))
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
  /// A thousand clients may come at once, as after a restart.
  private static let backlog = 1_024

  var routerOptions: SocketOptions {
    var options = SocketOptions()
    options.linger = Self.linger
    options.backlog = Self.backlog
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
    options.backlog = Self.backlog
    options.sendHighWaterMark = budget.subscriberMessages
    // Subscribers send topics only.
    options.maximumFrameBytes = 4096
    options.heartbeat = SocketOptions.Heartbeat(interval: 10_000, timeout: 30_000)
    return options
  }
}
