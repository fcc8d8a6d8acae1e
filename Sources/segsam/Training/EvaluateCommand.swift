import ArgumentParser
import Foundation
import JSONC
import SegSAM
import Training
import Vocabulary

/// `segsam evaluate`.
struct EvaluateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate",
    abstract: "Measures a model on a corpus: the table of the model card.",
    discussion: """
      Per data set and category: n images that show it, DSC of the binary mask M_b with its 95 %
      bootstrap interval over patients, DSC of the semantic mask M_s, normalised surface distance at
      2 mm, 95 % Hausdorff distance (of images that got a mask), AUROC of presence, and how many of
      the images without it got a mask; then the means over these pairs. With --prompts text all
      annotated categories of an image are asked in one request. The files hold more: IoU, DSC of
      whole volumes, calibration, and means by data set, modality and category.

        segsam evaluate --corpus ../shared/corpus --split val --prompts text --json val.json
      """)

  @Option(help: ArgumentHelp("The folder of the data sets.", valueName: "dir"))
  var corpus: String

  @Option(help: "Which cases: train, val or test.")
  var split: SplitArgument = .val

  @Option(help: "How objects are asked for: text, box, text+box or points.")
  var prompts: PromptKind = .text

  @Option(help: ArgumentHelp("Write the measures to this file.", valueName: "file"))
  var json: String?

  @Option(help: ArgumentHelp("Write a line a pair to this file.", valueName: "file"))
  var csv: String?

  @Option(
    help: ArgumentHelp(
      "Give every category another's description, to see what the text is worth.",
      valueName: "seed"))
  var shuffleDescriptions: UInt64?

  @Option(
    help: ArgumentHelp(
      "Each side of a box is off by up to so many pixels.", valueName: "pixels"))
  var jitter = 0

  @Option(
    help: ArgumentHelp(
      "Clicks on each object with --prompts points: the first deepest inside it, each further one "
        + "where the answer before is most wrong.", valueName: "n"))
  var clicks = 1

  @Option(help: ArgumentHelp("Only every n-th slice of a volume.", valueName: "n"))
  var stride = 1

  @OptionGroup var model: ModelOptions

  func validate() throws {
    guard (0...500).contains(jitter) else { throw ValidationError("--jitter is 0 to 500.") }
    guard (1...9).contains(clicks) else { throw ValidationError("--clicks is 1 to 9.") }
    guard (1...1000).contains(stride) else { throw ValidationError("--stride is 1 to 1000.") }
  }

  func run() async throws {
    let (corpus, model, seed) = (corpus, model, shuffleDescriptions)
    let loaded = try await Blocking.run {
      let vocabulary = try Vocabulary.load(at: VocabularyLocation.find())
      let data = try Corpus(
        directory: URL(fileURLWithPath: corpus, isDirectory: true), vocabulary: vocabulary)
      guard !data.dataSets.isEmpty else {
        throw Failure(.badInput, "\(corpus) holds no data sets")
      }
      let bundle = try ModelBundle.load(directory: ModelBundle.find(name: model.model))
      var options = PredictorOptions(threads: model.threads, cacheBytes: model.cache << 20)
      if let seed {
        options.descriptionsOf = Shuffle.cycle(bundle.manifest.categories, seed: seed)
      }
      let engine = try Predictor(bundle: bundle, vocabulary: vocabulary, options: options)
      return (corpus: data, engine: engine, vocabulary: vocabulary)
    }
    let (split, prompts, stride) = (split.split, prompts.prompt, stride)
    let (jitter, clicks) = (jitter, clicks)
    let room = loaded.engine.manifest.network.points - 2
    guard clicks <= room else {
      throw Failure(.badInput, "this model takes \(room) clicks; give --clicks \(room) or less")
    }
    let progress = Progress("evaluating", unit: "cases")
    // Off the cooperative pool: decoding and comparing take as long as the model.
    let report = try await Task(executorPreference: WorkThread.shared) {
      var evaluation = Evaluation(
        corpus: loaded.corpus, split: split, prompt: prompts, vocabulary: loaded.vocabulary)
      evaluation.stride = stride
      (evaluation.boxJitter, evaluation.clicks) = (jitter, clicks)
      evaluation.progress = { progress.advance($0, of: $1) }
      return try await evaluation.run(loaded.engine)
    }.value
    progress.end()
    if let json { try write(try JSONCEncoder().value(of: report).pretty(), to: json) }
    if let csv { try write(report.csv, to: csv) }
    show(report)
  }

  private func write(_ text: String, to path: String) throws {
    do {
      try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
    } catch {
      throw Failure(.internalFault, "\(path) cannot be written: \(error.localizedDescription)")
    }
  }

  private func show(_ report: EvaluationReport) {
    var table = Table([
      .init("data set"), .init("category"), .init("modality"), .init("n", .right),
      .init("DSC M_b", .right), .init("95 %", .right), .init("DSC M_s", .right),
      .init("NSD", .right), .init("HD95", .right), .init("AUROC", .right), .init("false", .right),
    ])
    for pair in report.pairs {
      table.add([
        pair.dataSet, pair.category, pair.modality, "\(pair.n)", pair.binaryDice.text(3),
        Self.text(pair.binaryInterval), pair.semanticDice.text(3), pair.surfaceDice.text(3),
        pair.hausdorff95.text(1), pair.auroc.text(3),
        pair.negatives == 0 ? "–" : "\(pair.falseMasks)/\(pair.negatives)",
      ])
    }
    table.add([
      "mean", "\(report.pairs.count) pairs", "", "\(report.pairs.reduce(0) { $0 + $1.n })",
      report.meanBinaryDice.text(3), Self.text(report.binaryInterval),
      report.meanSemanticDice.text(3), report.meanSurfaceDice.text(3), "",
      report.meanAUROC.text(3), report.falseMaskRate.map { "\(($0 * 100).text(1)) %" } ?? "–",
    ])
    table.print()
    let shuffled = shuffleDescriptions == nil ? "" : ", descriptions shuffled"
    Console.print(
      "\n\(report.model) \(report.version), \(report.split), prompts \(report.prompts)\(shuffled), "
        + "\(report.seconds.text(0)) s; AUROC's mean over \(report.pairsWithAUROC) pairs with "
        + "5 images of each kind; expected calibration error of presence "
        + report.calibrationError.text(3))
    if report.clickDice.count > 1 {
      let rounds = report.clickDice.enumerated().map { "\($0 + 1): \($1.text(3))" }
      Console.print("mean DSC of M_b by clicks: \(rounds.joined(separator: ", "))")
    }
  }

  private static func text(_ interval: Interval?) -> String {
    interval.map { "\($0.low.text(2))–\($0.high.text(2))" } ?? "–"
  }
}

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
