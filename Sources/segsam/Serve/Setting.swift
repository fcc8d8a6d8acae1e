/// What can be set of a server: in its file under this name, in the environment as `SEGSAM_` and the name
/// in capitals, on the command line with hyphens.
enum Setting: String, CaseIterable, Sendable {
  case bind, publish, insecure, metrics
  case serverKey = "server_key"
  case clientKeys = "client_keys"
  case model, detector, threads, cache, workers, batch, streams
  case imageBatch = "image_batch"
  case queue
  case queueMemory = "queue_memory"
  case input, reply, queries, held, answers
  case answerAge = "answer_age"
  case lease, grace
  case journal
  case journalMemory = "journal_memory"
  case journalDays = "journal_days"
  case clientRate = "client_rate"
  case clientMemory = "client_memory"
  case clientImages = "client_images"
  case logLevel = "log_level"
  case logFormat = "log_format"

  var environmentName: String { "SEGSAM_\(rawValue.uppercased())" }
  var flag: String { "--\(rawValue.split(separator: "_").joined(separator: "-"))" }

  /// Whole numbers that it may be; nil where it is none.
  var range: ClosedRange<Int>? {
    let sane = 1_048_576
    switch self {
    case .threads: return 1...1024
    case .streams, .workers: return 1...64
    case .batch, .imageBatch: return 1...8
    case .cache, .held, .answers, .grace, .journalMemory: return 0...sane
    case .queue, .queueMemory, .input, .reply, .queries, .answerAge, .lease, .journalDays,
      .clientRate, .clientMemory, .clientImages:
      return 1...sane
    default: return nil
    }
  }

  /// What is wrong with a value; nil where nothing is.
  func fault(_ text: String) -> String? {
    if let range {
      guard let number = Int(text), range.contains(number) else {
        return "is a whole number from \(range.lowerBound) to \(range.upperBound)"
      }
      if self == .batch || self == .imageBatch, ![1, 2, 4, 8].contains(number) {
        return "is 1, 2, 4 or 8"
      }
      return nil
    }
    switch self {
    case .insecure: return ["true", "false"].contains(text) ? nil : "is true or false"
    case .logLevel:
      let names = LogLevel.allCases.map(\.rawValue)
      return names.contains(text) ? nil : "is one of \(names.joined(separator: ", "))"
    case .logFormat:
      return LogFormat(rawValue: text) == nil ? "is json or text" : nil
    default: return text.isEmpty ? "is empty" : nil
    }
  }
}
