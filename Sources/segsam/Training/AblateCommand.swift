import ArgumentParser
import Foundation
import JSONC
import SegSAM
import Training

/// `segsam ablate`.
struct AblateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ablate",
    abstract: "Measures what each of SEG-SAM's parts and what the texts are worth.",
    discussion: """
      Trains a small number of steps for each network and seed, from random weights, and validates on `val` at the training's image size. Parts: each object is asked for
      by one click, as in the paper's ablation. Texts: the whole network, asked by text alone.
      With --start and --freeze encoder the image encoder is that model's, and all else begins anew:
      the features of augmented images are then encoded once for all networks, so that each takes
      minutes. Goes on where it was broken off.

        segsam ablate --corpus ../shared/corpus -o runs/ablation --autocast --muon
      """)

  @Option(help: ArgumentHelp("The folder of the data sets.", valueName: "dir"))
  var corpus: String

  @Option(name: [.short, .long], help: ArgumentHelp("The folder of the runs.", valueName: "dir"))
  var output: String

  @Option(help: "What to leave out: parts, texts or both.")
  var what: Choice = .both

  @Option(
    help: ArgumentHelp(
      "IMAGE-SIZE:IMAGES:QUERIES:STEPS:RATE of each run; at most 8000 steps at 128 pixels.",
      valueName: "stage"))
  var stage = StageArgument(imageSize: 128, images: 16, slots: 32, steps: 400, rate: 0.001)

  @Option(help: ArgumentHelp("Runs of each network, with seeds 1, 2, ….", valueName: "n"))
  var seeds = 2

  @Option(
    help: ArgumentHelp(
      "Only the n-th network, from 1, in the order of the table; so that several programs share the "
        + "work in one folder. Without it, what is there is taken and the table is whole.",
      valueName: "n"))
  var only: Int?

  @Option(help: ArgumentHelp("The first seed.", valueName: "n"))
  var firstSeed: UInt64 = 1

  @Option(help: ArgumentHelp("Write the rows to this file.", valueName: "file"))
  var json: String?

  @Option(
    help: ArgumentHelp(
      "With --freeze encoder: the model whose image encoder is taken.", valueName: "name"))
  var start: String?

  @OptionGroup(title: "Optimisation") var optimisation: OptimisationOptions

  enum Choice: String, CaseIterable, ExpressibleByArgument, Sendable { case parts, texts, both }

  func validate() throws {
    guard (1...20).contains(seeds) else { throw ValidationError("--seeds is 1 to 20.") }
    guard (1...11).contains(only ?? 1), (1...1000).contains(firstSeed) else {
      throw ValidationError("--only is 1 to 11, --first-seed 1 to 1000.")
    }
    guard stage.imageSize <= 128, stage.steps <= 8000 else {
      throw ValidationError("An ablation is small: at most 8000 steps at 128 pixels.")
    }
  }

  func run() async throws {
    guard (start != nil) == optimisation.freeze.scopes.contains("image_encoder") else {
      throw Failure(.badInput, "--start and --freeze encoder go together")
    }
    let folder = URL(fileURLWithPath: output, isDirectory: true)
    let stage = stage.stage(warmUp: optimisation.warmUp, finalRate: optimisation.finalRate)
    let variants =
      (what == .texts ? [] : AblationVariant.parts) + (what == .parts ? [] : AblationVariant.texts)
    if let only, only > variants.count {
      throw Failure(.badInput, "--only \(only): there are \(variants.count) networks")
    }
    let (corpus, options, seeds, json, start) = (corpus, optimisation, seeds, json, start)
    let (only, firstSeed) = (only, firstSeed)
    let rows = try await Blocking.run {
      var run = TrainingRun(
        corpus: URL(fileURLWithPath: corpus, isDirectory: true), output: folder,
        configuration: options.configuration(first: stage), stages: [stage])
      run.start = try start.map { try ModelBundle.load(directory: ModelBundle.find(name: $0)) }
      if let known = run.start?.manifest, known.sam != nil || known.network.foreign != nil {
        throw Failure(.badInput, "an ablation starts from a model whose image encoder is ours")
      }
      if let known = run.start { run.configuration.network = known.manifest.network }
      options.apply(to: &run)
      try options.chooseDevice()
      run.say = { Console.error($0) }
      var ablation = Ablation(
        run: run, variants: variants, seeds: (0..<UInt64(seeds)).map { firstSeed + $0 })
      ablation.only = only.map { $0 - 1 }
      return try ablation { Console.error("\($0.name): done") }
    }
    if let json {
      try Data(JSONCEncoder().value(of: rows).pretty().utf8)
        .write(to: URL(fileURLWithPath: json), options: .atomic)
    }
    show(rows)
  }

  private func show(_ rows: [Ablation.Row]) {
    var table = Table([
      .init("network"), .init("prompts"), .init("DSC M_b", .right), .init("±", .right),
      .init("DSC M_s", .right), .init("±", .right), .init("paper", .right),
      .init("paper M_s", .right),
    ])
    for row in rows {
      let (binary, semantic) = (Self.summary(row.binary), Self.summary(row.semantic))
      table.add([
        row.name, row.prompts, binary.mean, binary.spread, semantic.mean, semantic.spread,
        row.paperBinary.text(3), row.paperSemantic.text(3),
      ])
    }
    table.print()
    Console.print(
      "\nmeans over pairs of data set and category of val, at \(stage.imageSize) pixels; ± is half "
        + "the range over \(seeds) seeds; \(stage.steps) steps of \(stage.images) images")
  }

  private static func summary(_ values: [Double]) -> (mean: String, spread: String) {
    guard let low = values.min(), let high = values.max() else { return ("–", "–") }
    let mean = values.reduce(0, +) / Double(values.count)
    return (mean.text(3), ((high - low) / 2).text(3))
  }
}
