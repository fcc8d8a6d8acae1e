import BusProtocol
import Foundation
import JSONC
import Journal
import SegSAM
import Server

/// A server's settings, all of them.
struct ServerSettings: Sendable {
  private let sources: SettingSources

  init(_ sources: SettingSources) { self.sources = sources }

  private func number(_ setting: Setting, _ usual: Int) -> Int {
    sources.number(setting) ?? usual
  }

  var model: ModelOptions {
    var options = ModelOptions()
    options.model = sources[.model] ?? ModelOptions.usual
    options.detector = sources[.detector]
    options.threads = sources.number(.threads)
    options.cache = number(.cache, 192)
    return options
  }

  var workers: Int { number(.workers, 1) }
  var metrics: String? { sources[.metrics] }
  var logLevel: LogLevel { sources[.logLevel].flatMap(LogLevel.init(rawValue:)) ?? .info }
  var logFormat: LogFormat { sources[.logFormat].flatMap(LogFormat.init(rawValue:)) ?? .json }

  /// How the model is run.
  func apply(to options: inout PredictorOptions) {
    (options.requests, options.streams) = (workers, number(.streams, 1))
    func sizes(_ setting: Setting) -> [Int] {
      let most = number(setting, 1)
      return [1, 2, 4, 8].filter { $0 <= most }
    }
    (options.batchSizes, options.imageBatchSizes) = (sizes(.batch), sizes(.imageBatch))
  }

  var configuration: SegmentService.Configuration {
    var made = SegmentService.Configuration()
    made.bind = sources[.bind] ?? made.bind
    made.publish = sources[.publish] ?? made.publish
    made.isInsecure = sources[.insecure] == "true"
    made.workers = workers
    made.budget.queuedRequests = number(.queue, 256)
    made.budget.queuedBytes = number(.queueMemory, 1024) << 20
    made.budget.replyBytes = number(.reply, 512) << 20
    made.budget.heldImageBytes = number(.held, 512) << 20
    made.budget.storedAnswerBytes = number(.answers, 128) << 20
    made.limits.inputBytes = number(.input, 1024) << 20
    made.limits.queries = number(.queries, 256)
    made.answerAge = .seconds(number(.answerAge, 600))
    made.imageLease = .seconds(number(.lease, 60))
    made.stopGrace = .seconds(number(.grace, 10))
    made.journal = sources[.journal].map { URL(fileURLWithPath: $0, isDirectory: true) }
    let memory = number(.journalMemory, 256) << 20
    (made.journalLimits.streamBytes, made.journalLimits.answerBytes) = (memory, memory)
    made.journalLimits.streamAge = Double(number(.journalDays, 7)) * 86_400
    made.journalLimits.answerAge = max(
      made.journalLimits.answerAge, Double(number(.answerAge, 600)))
    made.journalLimits.pendingBytes = made.budget.queuedBytes
    if let key = sources[.serverKey], let clients = sources[.clientKeys] {
      made.security = SegmentService.Security(
        serverKey: URL(fileURLWithPath: key), clientKeys: URL(fileURLWithPath: clients))
    }
    made.clientLimits = ClientLimits(
      requestsPerSecond: sources.number(.clientRate).map(Double.init),
      bytesInFlight: sources.number(.clientMemory).map { $0 << 20 },
      imagesHeld: sources.number(.clientImages))
    return made
  }

  /// For `--check`. Of keys only where they lie.
  var json: JSONObject {
    let made = configuration
    var all: JSONObject = [
      "bind": .string(made.bind), "publish": .string(made.publish),
      "insecure": .bool(made.isInsecure), "model": .string(model.model),
      "cache": JSONValue(model.cache), "workers": JSONValue(workers),
      "streams": JSONValue(number(.streams, 1)), "batch": JSONValue(number(.batch, 1)),
      "image_batch": JSONValue(number(.imageBatch, 1)),
      "queue": JSONValue(made.budget.queuedRequests),
      "queue_memory": JSONValue(made.budget.queuedBytes >> 20),
      "input": JSONValue(made.limits.inputBytes >> 20),
      "reply": JSONValue(made.budget.replyBytes >> 20),
      "queries": JSONValue(made.limits.queries),
      "held": JSONValue(made.budget.heldImageBytes >> 20),
      "answers": JSONValue(made.budget.storedAnswerBytes >> 20),
      "answer_age": JSONValue(number(.answerAge, 600)), "lease": JSONValue(number(.lease, 60)),
      "grace": JSONValue(number(.grace, 10)), "log_level": .string(logLevel.rawValue),
      "log_format": .string(logFormat.rawValue),
    ]
    for setting in Setting.allCases where all[setting.rawValue] == nil {
      if let text = sources[setting] {
        all[setting.rawValue] = Int(text).map { JSONValue($0) } ?? .string(text)
      }
    }
    return all
  }
}
