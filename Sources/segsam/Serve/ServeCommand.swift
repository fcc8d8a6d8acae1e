import ArgumentParser
import JSONC
import Logging
import SegSAM
import Server
import ServiceLifecycle
import UnixSignals

/// `segsam serve`.
struct ServeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve",
    abstract: "Answers requests over ZeroMQ until it is told to stop.",
    discussion: """
      When ready, prints one line of JSON on standard output:
      {"ready":true,"bind":"tcp://127.0.0.1:5555","publish":"tcp://127.0.0.1:5556","model":"segsam-base"}
      Logs go to standard error. SIGTERM and SIGINT finish what is in flight, then end it.
      """)

  @Option(
    help: ArgumentHelp("Where requests come in; tcp://127.0.0.1:* takes a free port."))
  var bind = "tcp://127.0.0.1:5555"

  @Option(help: ArgumentHelp("Where results, progress and heartbeats go out."))
  var publish = "tcp://127.0.0.1:5556"

  @Flag(help: "Let others reach it without keys; only in a network that you trust.")
  var insecure = false

  @OptionGroup var model: ModelOptions
  @OptionGroup(title: "Limits") var limits: LimitOptions

  @Option(help: "How much to log.")
  var logLevel: LogLevel = .info

  func run() async throws {
    LoggingSystem.bootstrap { StreamLogHandler.standardError(label: $0) }
    var logger = Logger(label: "segsam")
    logger.logLevel = logLevel.level
    let loaded = try await LoadedModel.load(model)
    let name = loaded.engine.model.name
    let service = SegmentService(
      configuration: configuration, engine: loaded.engine, vocabulary: loaded.vocabulary,
      logger: logger
    ) { endpoints in
      let line: JSONValue = [
        "ready": true, "bind": .string(endpoints.bind), "publish": .string(endpoints.publish),
        "model": .string(name),
      ]
      try? Console.print(json: line)
    }
    let group = ServiceGroup(
      configuration: ServiceGroupConfiguration(
        services: [.init(service: service, successTerminationBehavior: .gracefullyShutdownGroup)],
        gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
    try await group.run()
  }

  var configuration: SegmentService.Configuration {
    var configuration = SegmentService.Configuration()
    configuration.bind = bind
    configuration.publish = publish
    configuration.isInsecure = insecure
    limits.apply(to: &configuration)
    return configuration
  }
}

/// The levels of the log, as an argument.
enum LogLevel: String, CaseIterable, ExpressibleByArgument, Sendable {
  case trace, debug, info, notice, warning, error, critical

  var level: Logger.Level { Logger.Level(rawValue: rawValue) ?? .info }
}
