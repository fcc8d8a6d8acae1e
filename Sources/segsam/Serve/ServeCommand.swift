import ArgumentParser
import Glibc
import Imaging
import JSONC
import Logging
import SegSAM
import Server
import ServiceLifecycle
import Telemetry
import UnixSignals
import Vocabulary

/// `segsam serve`.
struct ServeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve",
    abstract: "Answers requests over ZeroMQ until it is told to stop.",
    discussion: """
      When ready, prints one line of JSON on standard output:
      {"ready":true,"bind":"tcp://127.0.0.1:5555","publish":"tcp://127.0.0.1:5556","model":"segsam-base"}
      Logs go to standard error. SIGTERM and SIGINT finish what is in flight, then end it.

      Settings come from --config, a file of YAML such as "queue: 64", then from the environment
      (SEGSAM_QUEUE=64), then from the command line (--queue 64): the later wins.
      """)

  @Option(help: ArgumentHelp("Settings as a file of YAML.", valueName: "file"))
  var config: String?

  @Flag(help: "Check the settings, print them as JSON, and end.")
  var check = false

  @OptionGroup(title: "Settings") var options: ServeOptions

  func run() async throws {
    let settings = ServerSettings(try SettingSources(file: config, flags: options.given))
    if check { return try await check(settings) }
    let format = settings.logFormat
    LoggingSystem.bootstrap { label -> any LogHandler in
      if format == .json { return JSONLogHandler() }
      return StreamLogHandler.standardError(label: label)
    }
    var logger = Logger(label: "segsam")
    logger.logLevel = settings.logLevel.level
    // From the first moment on: it means to read keys anew, not to end.
    signal(SIGHUP, SIG_IGN)
    let metrics = ServerMetrics()
    let health = try await Self.health(settings, metrics, logger)
    do {
      try await serve(settings, metrics, health, logger)
    } catch {
      await health?.server.stop()
      throw error
    }
    await health?.server.stop()
  }

  /// Metrics and health over HTTP, and where.
  private typealias Health = (server: HealthServer, address: HostPort)

  private static func health(
    _ settings: ServerSettings, _ metrics: ServerMetrics, _ logger: Logger
  ) async throws -> Health? {
    guard let address = settings.metrics else { return nil }
    let health: HealthServer
    let bound: HostPort
    do throws(TelemetryError) {
      health = try HealthServer(address: address, metrics: metrics.registry)
      bound = try await health.start()
    } catch {
      throw Failure(.badInput, "--metrics \(address): \(error.message)")
    }
    logger.info("metrics", metadata: ["address": "\(bound)"])
    return (health, bound)
  }

  private func serve(
    _ settings: ServerSettings, _ metrics: ServerMetrics, _ health: Health?, _ logger: Logger
  ) async throws {
    let loaded = try await Self.load(settings, name: nil, metrics)
    let name = loaded.engine.model.name
    let reload: SegmentService.Reload = { name in
      let loaded = try await Self.load(settings, name: name, metrics)
      return SegmentService.Loaded(engine: loaded.engine, vocabulary: loaded.vocabulary)
    }
    let service = SegmentService(
      configuration: settings.configuration, engine: loaded.engine,
      vocabulary: loaded.vocabulary, logger: logger, reload: reload, metrics: metrics
    ) { endpoints in
      health?.server.readiness = .ready
      var line: JSONObject = [
        "ready": true, "bind": .string(endpoints.bind), "publish": .string(endpoints.publish),
        "model": .string(name),
      ]
      if let address = health?.address { line["metrics"] = .string("\(address)") }
      try? Console.print(json: .object(line))
    }
    let group = ServiceGroup(
      configuration: ServiceGroupConfiguration(
        services: [
          .init(
            service: Draining(service: service, health: health?.server),
            successTerminationBehavior: .gracefullyShutdownGroup),
          .init(service: KeyReloads(service: service)),
        ],
        gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
    try await group.run()
  }

  /// Reads the list of clients again at SIGHUP.
  private struct KeyReloads: Service {
    var service: SegmentService

    func run() async throws {
      for await _ in await UnixSignalsSequence(trapping: .sighup).cancelOnGracefulShutdown() {
        // What went wrong is in the log; the old list stays.
        _ = try? await service.reloadKeys()
      }
    }
  }

  /// The service, which says that it is not ready any more as soon as it is told to stop.
  private struct Draining: Service {
    var service: SegmentService
    var health: HealthServer?

    func run() async throws {
      try await withGracefulShutdownHandler {
        try await service.run()
      } onGracefulShutdown: {
        health?.readiness = .draining
      }
    }
  }

  /// Loads a model, and has it answer once, so that the first request finds it warm.
  ///
  /// - Parameter name: of another model than the settings'; a name in `models/` only, as it may come
  ///   from a client.
  private static func load(
    _ settings: ServerSettings, name: String?, _ metrics: ServerMetrics
  ) async throws -> LoadedModel {
    var model = settings.model
    if let name {
      guard name.allSatisfy({ $0.isLetter || $0.isNumber || "-_.".contains($0) }),
        !name.hasPrefix(".")
      else { throw Failure(.badInput, "\"\(name)\" is no name of a model") }
      model.model = name
    }
    let loaded = try await LoadedModel.load(model) { options in
      settings.apply(to: &options)
      options.observeBatch = { metrics.batchSize.observe(Double($1), $0.rawValue) }
    }
    let image = MedicalImage(width: 8, height: 8, samples: [Float](repeating: 0, count: 64))
    _ = try await loaded.engine.segment(
      image, imageKey: "warm-up",
      queries: loaded.engine.trainedCategories.prefix(1).map { Query(.category($0)) },
      options: SegmentOptions(), progress: nil)
    return loaded
  }

  private func check(_ settings: ServerSettings) async throws {
    try settings.configuration.check()
    if let security = settings.configuration.security {
      try await Blocking.run { try security.check() }
    }
    if let metrics = settings.metrics, (try? HostPort(metrics)) == nil {
      throw Failure(.badInput, "--metrics \(metrics) is no address, such as 127.0.0.1:9464")
    }
    let name = settings.model.model
    try await Blocking.run {
      _ = try ModelBundle.load(directory: ModelBundle.find(name: name))
      _ = try Vocabulary.load(at: VocabularyLocation.find())
    }
    Console.print(try JSONValue.object(settings.json).pretty())
  }
}

/// The levels of the log, as an argument.
enum LogLevel: String, CaseIterable, ExpressibleByArgument, Sendable {
  case trace, debug, info, notice, warning, error, critical

  var level: Logger.Level { Logger.Level(rawValue: rawValue) ?? .info }
}
