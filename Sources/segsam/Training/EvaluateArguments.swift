import ArgumentParser
import Foundation
import JSONC
import Training

enum SplitArgument: String, CaseIterable, ExpressibleByArgument, Sendable {
  case train, val, test
  var split: Split {
    switch self {
    case .train: .train
    case .val: .val
    case .test: .test
    }
  }
}

enum PromptKind: String, CaseIterable, ExpressibleByArgument, Sendable {
  case text, box
  case textAndBox = "text+box"
  case points
  var prompt: EvaluationPrompt {
    switch self {
    case .text: .text
    case .box: .box
    case .textAndBox: .textAndBox
    case .points: .points
    }
  }
}

/// How objects are asked for.
struct PromptingOptions: ParsableArguments {
  @Option(
    help: """
      How objects are asked for: text, box, text+box or points; text if neither this nor --mode is \
      given.
      """)
  var prompts: PromptKind?

  @Option(
    help: """
      Where boxes or first clicks are set, the five modes of arXiv 2304.10517: point-largest, \
      point-parts, box-largest, box-parts or box-whole; of the whole object if not given.
      """)
  var mode: ModeArgument?

  @Option(help: ArgumentHelp("Of the masks' probability, as in requests.", valueName: "p"))
  var threshold = 0.5

  @Flag(
    help: "With boxes or clicks: measure the nearest of all masks drawn, not the model's choice.")
  var oracle = false

  @Option(
    help: ArgumentHelp(
      "Each side of a box is off by up to so many pixels.", valueName: "pixels"))
  var jitter = 0

  @Option(
    help: ArgumentHelp(
      "Clicks on each object with --prompts points: the first deepest inside it, each further one "
        + "where the answer before is most wrong.", valueName: "n"))
  var clicks = 1

  @Option(
    help: ArgumentHelp(
      "With boxes or clicks: only objects of so many pixels in the image or slice.",
      valueName: "n"))
  var leastPixels = Evaluation.leastPixels

  @Flag(help: "With boxes or clicks: only objects of one piece.")
  var single = false

  @Option(
    help: ArgumentHelp(
      "Above which presence something counts as there, as in requests; 0 shows all that is drawn, to "
        + "fit thresholds. Else as the model has it.", valueName: "p"))
  var presenceThreshold: Double?

  @Flag(
    help: """
      Also ask for everything in other words (synonyms, Latin, Chinese, slips of typing, free text, \
      sides exchanged) and for what only other machines show; twice the time.
      """)
  var robustness = false

  @Option(
    help: ArgumentHelp(
      "With --robustness, a JSON file with \"paraphrases\": category id → sentences to ask by.",
      valueName: "file"))
  var paraphrases: String?

  /// The sentences of `paraphrases`.
  func readParaphrases() throws -> [String: [String]] {
    guard let paraphrases else { return [:] }
    struct Document: Decodable { var paraphrases: [String: [String]] }
    do {
      let data = try Data(contentsOf: URL(fileURLWithPath: paraphrases))
      return try JSONCDecoder().decode(Document.self, from: Array(data)).paraphrases
    } catch {
      throw Failure(.badInput, "\(paraphrases) cannot be read as paraphrases: \(error)")
    }
  }

  var kind: PromptKind { prompts ?? mode.map { $0.mode.isOfPoints ? .points : .box } ?? .text }

  func validate() throws {
    guard threshold > 0, threshold < 1 else {
      throw ValidationError("--threshold is over 0 and under 1.")
    }
    if let presenceThreshold, !(0...1).contains(presenceThreshold) {
      throw ValidationError("--presence-threshold is 0 to 1.")
    }
    guard (1...1_000_000).contains(leastPixels) else {
      throw ValidationError("--least-pixels is 1 to 1000000.")
    }
    if kind == .text, single || leastPixels != Evaluation.leastPixels {
      throw ValidationError("--single and --least-pixels go with boxes or clicks.")
    }
    guard (0...500).contains(jitter) else { throw ValidationError("--jitter is 0 to 500.") }
    guard (1...9).contains(clicks) else { throw ValidationError("--clicks is 1 to 9.") }
    if let mode, mode.mode.isOfPoints != (kind == .points) || kind == .text {
      throw ValidationError("--mode \(mode.rawValue) does not go with --prompts \(kind.rawValue).")
    }
    if paraphrases != nil && !robustness {
      throw ValidationError("--paraphrases goes with --robustness.")
    }
    if robustness && kind != .text {
      throw ValidationError("--robustness asks in words: --prompts text.")
    }
    if oracle && kind == .text {
      throw ValidationError("--oracle needs boxes or clicks: --prompts box, text+box or points.")
    }
  }
}

enum ModeArgument: String, CaseIterable, ExpressibleByArgument, Sendable {
  case pointLargest = "point-largest"
  case pointParts = "point-parts"
  case boxLargest = "box-largest"
  case boxParts = "box-parts"
  case boxWhole = "box-whole"
  var mode: PromptMode {
    switch self {
    case .pointLargest: .pointLargest
    case .pointParts: .pointParts
    case .boxLargest: .boxLargest
    case .boxParts: .boxParts
    case .boxWhole: .boxWhole
    }
  }
}

/// The files that an evaluation is written to.
struct EvaluationFiles: ParsableArguments {
  @Option(help: ArgumentHelp("Write the measures to this file.", valueName: "file"))
  var json: String?

  @Option(help: ArgumentHelp("Write a line a pair to this file.", valueName: "file"))
  var csv: String?

  @Option(
    help: ArgumentHelp(
      "Write one page with plots, tables and pictures to this file; pictures only of data sets "
        + "whose licence_class is open.", valueName: "file"))
  var html: String?

  /// Before hours of work: is there a folder for each?
  func check() throws {
    for path in [json, csv, html].compactMap({ $0 }) {
      let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
      guard FileManager.default.isWritableFile(atPath: folder) else {
        throw Failure(.badInput, "\(path) cannot be written: make the folder \(folder) first")
      }
    }
  }

  func write(_ text: String, to path: String) throws {
    do {
      try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
    } catch {
      throw Failure(.internalFault, "\(path) cannot be written: \(error.localizedDescription)")
    }
  }
}
