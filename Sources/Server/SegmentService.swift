import BusProtocol
import Imaging
public import Logging
public import SegSAM
public import ServiceLifecycle
public import Telemetry
public import Vocabulary
public import ZeroMQ

/// The server: a ROUTER that answers requests, and an XPUB stream of results, progress and
/// heartbeats (protocol: Sockets).
///
/// Run it in a `ServiceGroup`; a graceful shutdown finishes what is in flight. Or call `start` and
/// `stop`.
public actor SegmentService: Service {
  /// Where it listens, wildcards resolved.
  public struct Endpoints: Sendable, Hashable {
    public var bind: String, publish: String
  }

  /// A model with the vocabulary that it speaks.
  public struct Loaded: Sendable {
    public var engine: any SegmentationEngine
    public var vocabulary: Vocabulary
    public init(engine: any SegmentationEngine, vocabulary: Vocabulary) {
      self.engine = engine
      self.vocabulary = vocabulary
    }
  }

  /// Loads a model by name; nil: the one that the server began with.
  public typealias Reload = @Sendable (String?) async throws -> Loaded

  private let configuration: Configuration
  private let work: RequestWork
  private let reload: Reload?
  private let metrics: ServerMetrics?
  private let context: Context?
  private let logger: Logger
  private let onReady: (@Sendable (Endpoints) -> Void)?
  private var live: LiveServer?
  private var wasStarted = false

  /// - Parameters:
  ///   - engine: the model; runs its inference off the cooperative pool.
  ///   - reload: for `model.reload`; nil: it is not offered.
  ///   - metrics: what is counted; nil: nothing.
  ///   - context: of libzmq, to be shared with clients in this process that speak `inproc`; it is left
  ///     as it is when the server stops.
  ///   - onReady: called once requests are answered.
  public init(
    configuration: Configuration = Configuration(), engine: any SegmentationEngine,
    vocabulary: Vocabulary, logger: Logger, reload: Reload? = nil,
    metrics: ServerMetrics? = nil, context: Context? = nil,
    onReady: (@Sendable (Endpoints) -> Void)? = nil
  ) {
    self.configuration = configuration
    self.logger = logger
    self.reload = reload
    self.metrics = metrics
    self.context = context
    self.onReady = onReady
    work = RequestWork(
      engine: engine,
      lookup: CategoryLookup(vocabulary: vocabulary, trained: engine.trainedCategories),
      configuration: configuration)
  }

  /// Serves until the task is cancelled or a graceful shutdown is triggered, and stops cleanly.
  public func run() async throws {
    let endpoints = try await start()
    onReady?(endpoints)
    // Throws where the task is cancelled, which ends the service just as well.
    try? await gracefulShutdown()
    await stop()
  }

  /// Binds both sockets and begins to answer.
  ///
  /// - Throws: `ServiceError`: an address that others reach, one that is taken, a second start.
  public func start() async throws(ServiceError) -> Endpoints {
    guard !wasStarted else {
      throw ServiceError(.alreadyStarted, "a server runs once: make a new one")
    }
    wasStarted = true
    try configuration.check()
    let server = try await LiveServer(
      configuration: configuration, work: work, logger: logger, reload: reload,
      metrics: metrics, context: context)
    live = server
    logger.info(
      "ready",
      metadata: [
        "bind": "\(server.endpoints.bind)", "publish": "\(server.endpoints.publish)",
        "model": "\(work.engine.model.name)",
      ])
    return server.endpoints
  }

  /// Reads the list of client keys again, as at SIGHUP. Where that fails, the one before stays in
  /// force.
  ///
  /// - Returns: how many clients there are now; 0 where no keys are asked for.
  @discardableResult
  public func reloadKeys() async throws(ServiceError) -> Int {
    guard let live else { return 0 }
    let outcome = await Task(executorPreference: WorkExecutor(label: "segsam.keys")) {
      Result { () throws(ServiceError) in try live.reloadKeys() }
    }.value
    switch outcome {
    case .success(let count): logger.info("keys", metadata: ["clients": "\(count)"])
    case .failure(let error):
      logger.error("keys not reloaded", metadata: ["error": "\(error.message)"])
    }
    return try outcome.get()
  }

  /// Takes no new work, finishes what is in flight within the grace, and closes the sockets.
  public func stop() async {
    guard let server = live else { return }
    live = nil
    await server.stop()
    logger.info("stopped")
  }
}
