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
      Per data set and category: n images that show it, DSC of the binary mask M_b, DSC of the
      semantic mask M_s, AUROC of presence; then the means over these pairs. With --prompts text
      all annotated categories of an image are asked in one request.

        segsam evaluate --corpus ../shared/corpus --split val --prompts text --json val.json
      """)

  @Option(help: ArgumentHelp("The folder of the data sets.", valueName: "dir"))
  var corpus: String

  @Option(help: "Which cases: train, val or test.")
  var split: SplitArgument = .val

  @Option(help: "How objects are asked for: text, box or points.")
  var prompts: PromptKind = .text

  @Option(help: ArgumentHelp("Write the measures to this file.", valueName: "file"))
  var json: String?

  @Option(
    help: ArgumentHelp(
      "Give every category another's description, to see what the text is worth.",
      valueName: "seed"))
  var shuffleDescriptions: UInt64?

  @Option(help: ArgumentHelp("Only every n-th slice of a volume.", valueName: "n"))
  var stride = 1

  @OptionGroup var model: ModelOptions

  func validate() throws {
    guard (1...1000).contains(stride) else { throw ValidationError("--stride is 1 to 1000.") }
  }

  func run() async throws {
    let (corpus, model, seed) = (corpus, model, shuffleDescriptions)
    let loaded = try await Blocking.run {
      let data = try Corpus(directory: URL(fileURLWithPath: corpus, isDirectory: true))
      guard !data.dataSets.isEmpty else {
        throw Failure(.badInput, "\(corpus) holds no data sets")
      }
      let bundle = try ModelBundle.load(directory: ModelBundle.find(name: model.model))
      let vocabulary = try Vocabulary.load(at: VocabularyLocation.find())
      var options = PredictorOptions(threads: model.threads, cacheBytes: model.cache << 20)
      if let seed {
        options.descriptionsOf = Shuffle.cycle(bundle.manifest.categories, seed: seed)
      }
      let engine = try Predictor(bundle: bundle, vocabulary: vocabulary, options: options)
      return (corpus: data, engine: engine, vocabulary: vocabulary)
    }
    let (split, prompts, stride) = (split.split, prompts.prompt, stride)
    let progress = Progress("evaluating", unit: "cases")
    // Off the cooperative pool: decoding and comparing take as long as the model.
    let report = try await Task(executorPreference: WorkThread.shared) {
      var evaluation = Evaluation(
        corpus: loaded.corpus, split: split, prompt: prompts, vocabulary: loaded.vocabulary)
      evaluation.stride = stride
      evaluation.progress = { progress.advance($0, of: $1) }
      return try await evaluation.run(loaded.engine)
    }.value
    progress.end()
    if let json { try write(report, to: json) }
    show(report)
  }

  private func write(_ report: EvaluationReport, to path: String) throws {
    let text = try JSONCEncoder().value(of: report).pretty()
    do {
      try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
    } catch {
      throw Failure(.internalFault, "\(path) cannot be written: \(error.localizedDescription)")
    }
  }

  private func show(_ report: EvaluationReport) {
    var table = Table([
      .init("data set"), .init("category"), .init("modality"), .init("n", .right),
      .init("DSC M_b", .right), .init("DSC M_s", .right), .init("AUROC", .right),
    ])
    for pair in report.pairs {
      table.add([
        pair.dataSet, pair.category, pair.modality, "\(pair.n)", pair.binaryDice.text(3),
        pair.semanticDice.text(3), pair.auroc.text(3),
      ])
    }
    table.add([
      "mean", "\(report.pairs.count) pairs", "", "\(report.pairs.reduce(0) { $0 + $1.n })",
      report.meanBinaryDice.text(3), report.meanSemanticDice.text(3), report.meanAUROC.text(3),
    ])
    table.print()
    let shuffled = shuffleDescriptions == nil ? "" : ", descriptions shuffled"
    Console.print(
      "\n\(report.model) \(report.version), \(report.split), prompts \(report.prompts)\(shuffled), "
        + "\(report.seconds.text(0)) s; AUROC's mean over \(report.pairsWithAUROC) pairs with "
        + "5 images of each kind")
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
  case text, box, points
  var prompt: EvaluationPrompt {
    switch self {
    case .text: .text
    case .box: .box
    case .points: .points
    }
  }
}
