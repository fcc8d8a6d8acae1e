import ArgumentParser
import Foundation
import Training

/// How a network is trained.
struct OptimisationOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Threads of libtorch.", valueName: "n"))
  var threads = 2

  @Option(
    help: ArgumentHelp("Threads that make batches, beside the one that trains.", valueName: "n"))
  var dataThreads = 1

  @Option(
    help: ArgumentHelp(
      "A folder for the vectors of texts: written where it holds none, else taken, so that a machine "
        + "that trains needs no text encoder.", valueName: "dir"))
  var texts: String?

  @Option(help: ArgumentHelp("Of weights, data and prompts.", valueName: "n"))
  var seed: UInt64 = 1

  @Option(help: ArgumentHelp("Steps until the full rate; at most a tenth of a stage."))
  var warmUp = 300

  @Option(help: ArgumentHelp("The share of the rate that the cosine ends at.", valueName: "share"))
  var finalRate = 0.02

  @Option(help: ArgumentHelp("AdamW's decay.", valueName: "number"))
  var weightDecay = 0.05

  @Option(help: ArgumentHelp("Gradients are clipped to this norm.", valueName: "number"))
  var maxNorm = 1.0

  @Option(help: ArgumentHelp("Of the running mean of the weights, which is kept.", valueName: "d"))
  var emaDecay = 0.998

  @Option(help: ArgumentHelp("Objects of one image in a step, at most.", valueName: "n"))
  var perImage = 5

  @Option(
    help: ArgumentHelp(
      "Parts that keep the weights they start with, with commas between: encoder (of images), "
        + "prompts, text (T2VSE), decoder (SAM's; of Segment Anything's own its prompts too), "
        + "semantic (the semantic-aware one), slices (attention across them).",
      valueName: "parts"))
  var freeze = Parts()

  /// Parts of the network, by names that are easy to type.
  struct Parts: ExpressibleByArgument, Sendable {
    /// How their parameters' names begin.
    var scopes: Set<String> = []
    static let names = [
      "encoder": "image_encoder", "prompts": "prompt_encoder", "text": "t2vse",
      "decoder": "semantic_agnostic", "semantic": "semantic_aware", "slices": "cross_slice",
    ]

    init() {}

    init?(argument: String) {
      for name in argument.split(separator: ",", omittingEmptySubsequences: false) {
        guard let scope = Self.names[String(name)] else { return nil }
        scopes.insert(scope)
      }
    }

    var defaultValueDescription: String { "none" }
  }

  @Option(
    help: ArgumentHelp(
      "Adapt the image encoder by matrices of this rank (LoRA); its own weights stay.",
      valueName: "rank"))
  var lora: Int?

  @Option(
    help: ArgumentHelp(
      "Memory for the features of augmented images with --freeze encoder; 0: none are kept.",
      valueName: "mib"))
  var featureCache = 2048

  @Option(help: ArgumentHelp("Synthetic volumes trained beside the real images.", valueName: "n"))
  var phantoms = 0

  @Option(
    help: ArgumentHelp(
      "How often a box alone or clicks alone ask for a region that nobody labelled.",
      valueName: "share"))
  var pseudoShare = 0.0

  @Option(
    help: ArgumentHelp(
      "How often a text is one sentence of what somebody might type, instead of the description.",
      valueName: "share"))
  var freeText = Double(PromptMix().freeText)

  @Option(
    help: ArgumentHelp(
      "Every so many steps the network answers first, and prompts with a place get a click where it "
        + "is wrong; 0: never.", valueName: "steps"))
  var correctEvery = 4

  @Flag(inversion: .prefixedNo, help: "Steps of matrices by Muon instead of AdamW.")
  var muon = false

  @Flag(help: "bfloat16 in convolutions and products.")
  var autocast = false

  @Flag(help: "Train on a CUDA device.")
  var cuda = false

  @Option(help: ArgumentHelp("Between checkpoints.", valueName: "seconds"))
  var checkpointSeconds = 240.0

  @Option(help: ArgumentHelp("Between lines of the log.", valueName: "steps"))
  var logSteps = 100

  @Option(help: ArgumentHelp("Between validations.", valueName: "steps"))
  var validationSteps = 1000

  @Option(help: ArgumentHelp("Stop after this time, as if all were done.", valueName: "seconds"))
  var seconds: Double?

  func validate() throws {
    guard (1...1024).contains(threads), (1...1024).contains(dataThreads),
      (1...64).contains(perImage)
    else {
      throw ValidationError("--threads and --data-threads are 1 to 1024, --per-image 1 to 64.")
    }
    guard (0...1000).contains(phantoms) else {
      throw ValidationError("--phantoms is 0 to 1000.")
    }
    guard (0...1_000_000).contains(featureCache) else {
      throw ValidationError("--feature-cache is 0 to 1000000.")
    }
    guard (1...256).contains(lora ?? 1) else { throw ValidationError("--lora is 1 to 256.") }
    guard (0...1).contains(pseudoShare), (0...1).contains(freeText) else {
      throw ValidationError("--pseudo-share and --free-text lie from 0 to 1.")
    }
    guard warmUp >= 0, correctEvery >= 0, logSteps > 0, validationSteps > 0 else {
      throw ValidationError("Numbers of steps are positive.")
    }
    guard (0...1).contains(finalRate), (0...1).contains(emaDecay), (0...10).contains(weightDecay),
      maxNorm > 0, checkpointSeconds >= 0, seconds ?? 1 > 0
    else { throw ValidationError("A number of the optimisation is out of range.") }
  }

  /// What is a run's own.
  func apply(to run: inout TrainingRun) {
    run.phantoms = phantoms
    run.dataThreads = dataThreads
    run.texts = texts.map { URL(fileURLWithPath: $0, isDirectory: true) }
    run.checkpointSeconds = checkpointSeconds
    run.logSteps = logSteps
  }

  /// Puts tensors on the CUDA device where `--cuda` asks for it.
  func chooseDevice() throws {
    guard cuda else { return }
    try Torch.load()
    guard Torch.hasCUDA else {
      throw Failure(.badInput, "torch sees no CUDA device here; leave --cuda away")
    }
    Torch.useCUDA(true)
  }

  func configuration(first stage: Stage) -> TrainingConfiguration {
    var configuration = TrainingConfiguration(stage: stage)
    configuration.threads = threads
    configuration.seed = seed
    configuration.weightDecay = weightDecay
    configuration.maxNorm = maxNorm
    configuration.emaDecay = emaDecay
    configuration.perImage = perImage
    configuration.autocast = autocast
    configuration.frozen = freeze.scopes
    configuration.muon = muon
    configuration.correctEvery = correctEvery
    (configuration.mix.pseudo, configuration.mix.freeText) = (Float(pseudoShare), Float(freeText))
    configuration.lora = lora
    configuration.featureBytes = featureCache << 20
    return configuration
  }
}
