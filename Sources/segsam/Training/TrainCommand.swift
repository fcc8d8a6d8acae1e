import ArgumentParser
import Foundation
import SegSAM
import Training

/// `segsam train`.
struct TrainCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Trains a model on a corpus, with checkpoints to go on from.",
    discussion: """
      Needs libtorch: make trainer. Writes checkpoints, losses and validation as CSV with plots,
      and at the end the model in OUTPUT/bundle, for --model. How data may lie is said in
      docs/training.md; segsam corpus finds what is wrong with them.

        segsam train --corpus ../shared/corpus -o runs/base --stage 128:8:16:12000:0.001
        segsam train --corpus ../shared/corpus -o runs/base --stage 128:8:16:12000:0.001 --resume
      """)

  @Option(help: ArgumentHelp("The folder of the data sets.", valueName: "dir"))
  var corpus: String

  @Option(name: [.short, .long], help: ArgumentHelp("The run's folder.", valueName: "dir"))
  var output: String

  @Option(
    help: ArgumentHelp(
      "IMAGE-SIZE:IMAGES:QUERIES:STEPS:RATE of a stage; several run one after another. A time such as "
        + "600s in place of steps ends a stage by the clock.",
      valueName: "stage"))
  var stage = [
    StageArgument(imageSize: 128, images: 8, slots: 16, steps: 30_000, rate: 0.001),
    StageArgument(imageSize: 256, images: 4, slots: 8, steps: 8_000, rate: 0.0003),
  ]

  @Flag(help: "Go on with the run that the folder holds.")
  var resume = false

  @Option(
    help: ArgumentHelp(
      "A model to start from: a name or a folder. In Segment Anything's layout: T2VSE and the "
        + "semantic-aware decoder are trained on top.", valueName: "name"))
  var start: String?

  @Option(
    help: ArgumentHelp(
      "masked:STEPS or neighbours:STEPS: the image encoder first learns without labels, to draw "
        + "patches that are hidden or to tell slices from others by their neighbours.",
      valueName: "kind:steps"))
  var pretrain: PretrainingArgument?

  @Option(
    help: ArgumentHelp(
      "segsam, or a plain unet with a channel a category, to compare with.", valueName: "kind"))
  var network: NetworkArgument?

  @Option(
    help: ArgumentHelp(
      "How far away the slices below and above are that a volume's slice is seen with; 0: none. "
        + "Else as the start has it, 3 for a new network.", valueName: "mm"))
  var sliceReach: Double?

  @OptionGroup(title: "Another network's image encoder") var encoder: EncoderOptions

  @Option(
    help: ArgumentHelp(
      "How far apart the slices are whose features a volume's slice looks at, two below and two above; "
        + "needs --freeze encoder. 0: none. Else as the start has it.", valueName: "mm"))
  var sliceAttention: Double?

  @Flag(
    inversion: .prefixedNo,
    help:
      "Boxes and clicks as maps besides tokens. Else as the start has it, yes for a new network.")
  var placeMaps: Bool?

  @Option(help: ArgumentHelp("The new model's name.", valueName: "name"))
  var name = ModelOptions.usual

  @Option(help: ArgumentHelp("The new model's version.", valueName: "text"))
  var modelVersion = "1"

  @OptionGroup(title: "Data") var data: ChoiceOptions

  @OptionGroup(title: "Optimisation") var optimisation: OptimisationOptions

  func validate() throws {
    if let sliceReach, !(0...1000).contains(sliceReach) {
      throw ValidationError("--slice-reach is 0 to 1000 mm.")
    }
    if let sliceAttention, !(0...1000).contains(sliceAttention) {
      throw ValidationError("--slice-attention is 0 to 1000 mm.")
    }
    if pretrain != nil, network == .unet {
      throw ValidationError("--pretrain is for the image encoder, which a plain U-Net lacks.")
    }
    if encoder.encoder != nil, start != nil || network == .unet {
      throw ValidationError("--encoder is for a new network: leave --start and --network away.")
    }
    if encoder.encoder != nil, sliceAttention ?? 0 > 0 || pretrain != nil {
      throw ValidationError("--encoder goes without --slice-attention and --pretrain.")
    }
    if encoder.encoder != nil, optimisation.featureCache == 0 {
      throw ValidationError("--encoder runs once a view: it needs a --feature-cache.")
    }
    if stage.isEmpty { throw ValidationError("A run has at least one --stage.") }
  }

  func run() async throws {
    let folder = URL(fileURLWithPath: output, isDirectory: true)
    let first = folder.appendingPathComponent("stage0.safetensors").path
    let isBegun =
      FileManager.default.fileExists(atPath: first)
      || FileManager.default.fileExists(
        atPath: folder.appendingPathComponent("pretraining.safetensors").path)
    if isBegun && !resume {
      throw Failure(.badInput, "\(output) holds a run: go on with --resume, or name another folder")
    }
    if resume && !isBegun {
      throw Failure(.badInput, "\(output) holds no checkpoint to resume from")
    }
    let stages = stage.map {
      $0.stage(warmUp: optimisation.warmUp, finalRate: optimisation.finalRate)
    }
    let source = start
    let (corpus, name, version) = (corpus, name, modelVersion)
    let (reach, attention, maps) = (sliceReach, sliceAttention, placeMaps)
    let (pretrain, choice, foreign) = (pretrain, data.choice, encoder)
    let configuration = optimisation.configuration(first: stages[0])
    let (options, network) = (optimisation, network?.architecture)
    try await Blocking.run {
      var run = TrainingRun(
        corpus: URL(fileURLWithPath: corpus, isDirectory: true), output: folder,
        configuration: configuration, stages: stages)
      run.start = try source.map { try ModelBundle.load(directory: ModelBundle.find(name: $0)) }
      run.configuration.network.sliceReach = 3
      if let sam = run.start?.manifest.sam {
        foreign.apply(sam, to: &run)
      } else if let start = run.start {
        run.configuration.network = start.manifest.network
      }
      try foreign.apply(to: &run)
      if let reach { run.configuration.network.sliceReach = reach > 0 ? reach : nil }
      if let attention {
        run.configuration.network.sliceAttention = attention > 0 ? attention : nil
      }
      if let maps { run.configuration.network.mapsPlaces = maps }
      if let network {
        guard run.start == nil || run.configuration.network.isUNet == (network == .unet) else {
          throw Failure(.badInput, "the model to start from is another network than --network")
        }
        run.configuration.network.architecture = network
      }
      run.name = name
      run.version = version
      run.pretraining = pretrain?.pretraining
      run.choice = choice
      options.apply(to: &run)
      run.validationSteps = options.validationSteps
      run.secondsLimit = options.seconds
      // Lines stand above the bar on a terminal; elsewhere they say enough.
      let bar = Console.errorIsTerminal ? Progress("training", unit: "steps") : nil
      defer { bar?.end() }
      run.progress = { bar?.advance($0, of: $1) }
      run.say = {
        bar?.end()
        Console.print($0)
      }
      try options.chooseDevice()
      try run.run()
    }
  }
}

struct PretrainingArgument: ExpressibleByArgument, Sendable, Hashable {
  var pretraining: Pretraining

  init?(argument: String) {
    let parts = argument.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2, let method = Pretraining.Method(rawValue: String(parts[0])),
      let steps = Int(parts[1]), (1...100_000_000).contains(steps)
    else { return nil }
    pretraining = Pretraining(method: method, steps: steps)
  }
}

enum NetworkArgument: String, CaseIterable, ExpressibleByArgument, Sendable {
  case segsam, unet
  var architecture: NetworkConfiguration.Architecture {
    switch self {
    case .segsam: .segsam
    case .unet: .unet
    }
  }
}
