import ArgumentParser
import Foundation
import JSONC
import SegSAM
import Training
import Vocabulary
import Volumetrics

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
      whole volumes, calibration, and means by data set, modality and category. docs/training.md says what
      each is.

        segsam evaluate --corpus ../shared/corpus --split val --prompts text --json val.json \
            --html val.html
      """)

  @Option(help: ArgumentHelp("The folder of the data sets.", valueName: "dir"))
  var corpus: String

  @Option(help: "Which cases: train, val or test.")
  var split: SplitArgument = .val

  @OptionGroup(title: "Prompts") var prompting: PromptingOptions

  @Option(
    help: ArgumentHelp(
      "Give every category another's description, to see what the text is worth.",
      valueName: "seed"))
  var shuffleDescriptions: UInt64?

  @Option(help: ArgumentHelp("Only every n-th slice of a volume.", valueName: "n"))
  var stride = 1

  @Option(
    help: ArgumentHelp(
      "Instead: volumes filled from every n-th slice's annotation, beside the same shapes "
        + "interpolated.", valueName: "n"))
  var sparse: Int?

  @Option(
    help: ArgumentHelp(
      "With --sparse: how much the interpolated shape weighs, as a logit.", valueName: "logit"))
  var sparseStrength: Double?

  @OptionGroup(title: "Volumes") var volumes: VolumeArguments

  @OptionGroup(title: "Data") var data: ChoiceOptions

  @OptionGroup(title: "Files") var files: EvaluationFiles

  @OptionGroup var model: ModelOptions

  func validate() throws {
    guard (1...1000).contains(stride) else { throw ValidationError("--stride is 1 to 1000.") }
    if let sparse, !(2...1000).contains(sparse) {
      throw ValidationError("--sparse is 2 to 1000.")
    }
  }

  func run() async throws {
    try files.check()
    let (corpus, model, seed, choice) = (corpus, model, shuffleDescriptions, data.choice)
    let loaded = try await Blocking.run {
      let vocabulary = try Vocabulary.load(at: VocabularyLocation.find())
      let data = try Corpus(
        directory: URL(fileURLWithPath: corpus, isDirectory: true), vocabulary: vocabulary
      ).chosen(choice)
      guard !data.dataSets.isEmpty else {
        throw Failure(.badInput, "\(corpus) holds no data sets")
      }
      let bundle = try ModelBundle.load(directory: ModelBundle.find(name: model.model))
      var options = model.running
      if let seed {
        options.descriptionsOf = Shuffle.cycle(bundle.manifest.categories, seed: seed)
      }
      let engine = try model.engine(of: bundle, vocabulary: vocabulary, options: options)
      return (corpus: data, engine: engine, vocabulary: vocabulary, manifest: bundle.manifest)
    }
    let engine = VolumeEngine(loaded.engine, vocabulary: loaded.vocabulary)
    if let sparse {
      return try await runSparse(
        sparse, engine, corpus: loaded.corpus, vocabulary: loaded.vocabulary)
    }
    let room = loaded.manifest.clickRoom
    guard prompting.kind != .points || prompting.clicks <= room else {
      throw Failure(.badInput, "this model takes \(room) clicks")
    }
    let (split, prompting, stride) = (split.split, prompting, stride)
    let volume = volumes.options
    let paraphrases = try prompting.readParaphrases()
    let progress = Progress("evaluating", unit: "cases")
    // Off the cooperative pool: decoding and comparing take as long as the model.
    let wantsPictures = files.html != nil
    let (report, pictures) = try await Task(executorPreference: WorkThread.shared) {
      var evaluation = Evaluation(
        corpus: loaded.corpus, split: split, prompt: prompting.kind.prompt,
        vocabulary: loaded.vocabulary)
      (evaluation.stride, evaluation.threshold) = (stride, prompting.threshold)
      (evaluation.boxJitter, evaluation.clicks) = (prompting.jitter, prompting.clicks)
      (evaluation.mode, evaluation.measuresOracle) = (prompting.mode?.mode, prompting.oracle)
      (evaluation.leastPixels, evaluation.wantsSingle) = (prompting.leastPixels, prompting.single)
      evaluation.volume = volume
      evaluation.presenceThreshold = prompting.presenceThreshold
      evaluation.paraphrases = paraphrases
      evaluation.progress = { progress.advance($0, of: $1) }
      var report = try await evaluation.run(engine)
      if prompting.robustness { report.robustness = try await evaluation.robustness(engine) }
      let pictures =
        wantsPictures
        ? try await evaluation.pictures(of: report, engine: engine) : ExamplePictures()
      return (report, pictures)
    }.value
    progress.end()
    if let json = files.json {
      try files.write(try JSONCEncoder().value(of: report).pretty(), to: json)
    }
    if let csv = files.csv { try files.write(report.csv, to: csv) }
    if let html = files.html {
      try files.write(EvaluationPage(report, pictures: pictures).html, to: html)
    }
    show(report)
  }
}
