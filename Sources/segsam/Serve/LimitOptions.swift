import ArgumentParser
import BusProtocol
import Server

/// Bounds of a server's memory and patience.
struct LimitOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Requests that wait; more are answered \"busy\".", valueName: "n"))
  var queue = 256

  @Option(help: ArgumentHelp("MiB of requests that wait.", valueName: "mib"))
  var queueMemory = 1024

  @Option(help: ArgumentHelp("MiB of one request's inputs.", valueName: "mib"))
  var input = 1024

  @Option(help: ArgumentHelp("MiB of one reply.", valueName: "mib"))
  var reply = 512

  @Option(help: ArgumentHelp("MiB of images held between requests.", valueName: "mib"))
  var held = 512

  @Option(help: ArgumentHelp("MiB of answers kept for who asks again.", valueName: "mib"))
  var answers = 128

  @Option(help: ArgumentHelp("Queries of one request.", valueName: "n"))
  var queries = 256

  @Option(help: ArgumentHelp("Requests worked on at a time.", valueName: "n"))
  var workers = 1

  @Option(
    help: ArgumentHelp("How long a stop lets queued requests still run.", valueName: "seconds"))
  var grace = 10

  private static let sane = 1...1_048_576

  func validate() throws {
    let values = [
      ("queue", queue), ("queue-memory", queueMemory), ("input", input), ("reply", reply),
      ("queries", queries), ("workers", workers),
    ]
    for (name, value) in values where !Self.sane.contains(value) {
      throw ValidationError("--\(name) is a number from 1 to 1048576.")
    }
    for (name, value) in [("held", held), ("answers", answers), ("grace", grace)]
    where !(0...Self.sane.upperBound).contains(value) {
      throw ValidationError("--\(name) is a number from 0 to 1048576.")
    }
  }

  func apply(to configuration: inout SegmentService.Configuration) {
    configuration.budget.queuedRequests = queue
    configuration.budget.queuedBytes = queueMemory << 20
    configuration.limits.inputBytes = input << 20
    configuration.budget.replyBytes = reply << 20
    configuration.budget.heldImageBytes = held << 20
    configuration.budget.storedAnswerBytes = answers << 20
    configuration.limits.queries = queries
    configuration.workers = workers
    configuration.stopGrace = .seconds(grace)
  }
}
