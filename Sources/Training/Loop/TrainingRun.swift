public import Foundation
import NeuralGraph
import OpenVINORuntime
public import SegSAM
import TextEncoder
import Vocabulary

/// A whole training run, as `segsam train` does it: data, stages, checkpoints, log, bundle.
public struct TrainingRun {
  public var corpus: URL
  /// Where checkpoints, logs and plots go.
  public var output: URL
  public var configuration: TrainingConfiguration
  public var stages: [Stage]
  /// A bundle to start from.
  public var start: ModelBundle?
  public var name = "segsam-base"
  public var version = "1"
  /// The file of another network's image encoder; nil: that of `start`, if it has one.
  public var foreign: URL?
  /// What of the corpus is trained and validated on.
  public var choice = CorpusChoice()
  /// How many synthetic volumes are trained beside the real images.
  public var phantoms = 0
  /// Seconds between checkpoints, and steps between lines of the log and between validations.
  public var checkpointSeconds = 240.0
  public var logSteps = 100
  public var validationSteps = 1000
  /// Threads that make batches.
  public var dataThreads = 1
  /// Where vectors of texts are kept, so that a run elsewhere needs no text encoder; nil: nowhere.
  public var texts: URL?
  /// Stops as if the stage were over after so many seconds; nil: never.
  public var secondsLimit: Double?
  /// What the image encoder learns before the first stage; nil: nothing.
  public var pretraining: Pretraining?
  /// Told what happens, a line at a time.
  public var say: (String) -> Void = { _ in }
  /// Told each step of a stage that has a number of them: steps done, steps in all.
  public var progress: (Int, Int) -> Void = { _, _ in }

  public init(
    corpus: URL, output: URL, configuration: TrainingConfiguration, stages: [Stage]
  ) {
    self.corpus = corpus
    self.output = output
    self.configuration = configuration
    self.stages = stages
  }

  /// What training needs besides the weights: read once.
  struct Material {
    var train: SliceStore, val: SliceStore
    var texts: AspectVectors
    var categories: [String], modalities: [String]
    var categoryText: [Float]
    var encoderID: String
  }

  /// A corpus's slices, decoded.
  struct Slices {
    var train: SliceStore, val: SliceStore
  }

  /// Trains all stages that are not done yet and writes the bundle to `output/bundle`.
  ///
  /// A run that was broken off goes on from its last checkpoint.
  /// - Throws: `CorpusError`, `TorchError`, `BundleError` and file errors, each saying what to do.
  public func run() throws {
    let network = configuration.network
    if let count = network.sam?.candidates, count != 3 {
      throw CorpusError(
        output.path,
        "a model to start from in Segment Anything's layout has three masks for ambiguous prompts, not"
          + " \(count)")
    }
    guard network.sliceAttention == nil || network.foreign == nil else {
      throw CorpusError(
        output.path,
        "attention across slices does not go with another network's encoder: leave it off with"
          + " --slice-attention 0")
    }
    guard network.sliceAttention == nil || configuration.takesFeatures else {
      throw CorpusError(
        output.path,
        "attention across slices is trained on the features of a frozen encoder: add --freeze encoder,"
          + " or leave it off with --slice-attention 0")
    }
    guard network.foreign == nil || pretraining == nil else {
      throw CorpusError(output.path, "a foreign encoder is not pretrained: leave --pretrain away")
    }
    if let side = network.sam?.imageSize, configuration.trainsSAM,
      let large = stages.first(where: { $0.imageSize > side })
    {
      throw CorpusError(
        output.path,
        "the encoder that is trained sees \(side) pixels: let the stage have no more than that, not"
          + " \(large.imageSize), or --freeze encoder without --lora")
    }
    guard network.foreign == nil || configuration.trainsSAM || configuration.featureBytes > 0 else {
      throw CorpusError(
        output.path,
        "a foreign encoder that stays as it is runs once a view: it needs a --feature-cache")
    }
    try Torch.load()
    try FileManager.default.createDirectory(at: output, withIntermediateDirectories: true)
    let vocabulary = try Vocabulary.load(at: try VocabularyLocation.find())
    let material = try material(vocabulary)
    let began = Date()
    var weights = startWeights(material)
    let first = output.appendingPathComponent("stage0.safetensors").path
    if let pretraining, !FileManager.default.fileExists(atPath: first) {
      weights = try pretrain(pretraining, from: weights, material: material)
    }
    for (index, stage) in stages.enumerated() {
      var views: FeatureViews?
      weights = try run(
        stage, index: index, from: weights, material: material, views: &views, began: began)
    }
    var manifest = Manifest(
      name: name, version: version, network: configuration.network,
      categories: material.categories, modalities: material.modalities,
      textEncoder: material.encoderID)
    manifest.network.imageSize = stages.last?.imageSize ?? manifest.network.imageSize
    let bundle = output.appendingPathComponent("bundle")
    try ModelBundle.save(
      manifest: manifest, weights: weights, encoder: foreign ?? start?.encoderFile, to: bundle)
    say("wrote \(bundle.path)")
  }

  /// Those of the bundle to start from; none without one.
  func startWeights(_ material: Material) -> Weights {
    guard let start else { return [:] }
    if start.manifest.sam != nil {
      return Weights(uniqueKeysWithValues: start.weights.map { ("sam.\($0)", $1) })
    }
    return Self.widened(
      Self.fitted(start.weights, from: start.manifest.categories, to: material.categories),
      channels: configuration.network.channels)
  }

  /// A model's weights for images of more channels: the first layer sees nothing in the new ones.
  static func widened(_ weights: Weights, channels: Int) -> Weights {
    var result = weights
    for name in ["image_encoder.stem.weight", "unet.stem.weight"] {
      guard let stem = weights[name], stem.shape.count == 4, stem.shape[1] < channels else {
        continue
      }
      let (out, old, area) = (stem.shape[0], stem.shape[1], stem.shape[2] * stem.shape[3])
      var values = [Float](repeating: 0, count: out * channels * area)
      for o in 0..<out {
        values.replaceSubrange(
          o * channels * area..<(o * channels + old) * area,
          with: stem.values[o * old * area..<(o + 1) * old * area])
      }
      result[name] = ([out, channels, stem.shape[2], stem.shape[3]], values)
    }
    return result
  }

  /// A model's weights for other categories: each CO-token keeps its own residual, a new one has none.
  static func fitted(_ weights: Weights, from old: [String], to new: [String]) -> Weights {
    let name = "semantic_aware.co_residual"
    guard old != new, let residual = weights[name], residual.shape.first == old.count else {
      return weights
    }
    let width = residual.shape[1]
    var values = [Float](repeating: 0, count: new.count * width)
    for (n, category) in new.enumerated() {
      guard let at = old.firstIndex(of: category) else { continue }
      values.replaceSubrange(
        n * width..<(n + 1) * width, with: residual.values[at * width..<(at + 1) * width])
    }
    var result = weights
    result[name] = ([new.count, width], values)
    return result
  }

  /// - Parameter slices: of the same corpus and categories, where they are decoded already.
  func material(_ vocabulary: Vocabulary, slices: Slices? = nil) throws -> Material {
    let real = try Corpus(directory: corpus, vocabulary: vocabulary).chosen(choice)
    for set in real.dataSets {
      for remark in set.remarks { say("\(set.name): \(remark)") }
    }
    var corpus = real
    if phantoms > 0 {
      let folder = output.appendingPathComponent("phantoms")
      try PhantomCorpus.write(count: phantoms, categories: Set(real.categories), to: folder)
      corpus = real.joined(with: try Corpus(directory: folder))
    }
    let unknown = corpus.categories.filter { vocabulary[$0] == nil }
    guard unknown.isEmpty else {
      throw CorpusError(
        self.corpus.path, "the vocabulary has no \(unknown.joined(separator: ", ")); add them")
    }
    // What the model knew before is not forgotten: its CO-tokens stay.
    let learnt = (start?.manifest.categories ?? []).filter { vocabulary[$0] != nil }
    let wanted = corpus.categories.flatMap { vocabulary.parts(of: $0) }
    let categories = Set(wanted).union(learnt).sorted()
    let before = Dictionary(
      uniqueKeysWithValues: zip(start?.manifest.categories ?? [], start?.manifest.modalities ?? []))
    let modalities = categories.map { before[$0] ?? vocabulary[$0]?.modalities.first ?? "CT" }
    let texts = try encodedTexts(
      categories: categories, modalities: modalities, kinds: Set(corpus.dataSets.map(\.modality)),
      vocabulary: vocabulary)
    let side = max(256, stages.map(\.imageSize).max() ?? 256)
    func load(_ split: Split) throws -> SliceStore {
      try SliceStore.load(
        corpus, split: split, vocabulary: vocabulary, categories: categories, side: side,
        sliceReach: configuration.network.sliceReach,
        sliceAttention: configuration.network.sliceAttention)
    }
    let known = try slices ?? Slices(train: load(.train), val: load(.val))
    let (train, val) = (known.train, known.val)
    say("\(train.slices.count) slices to train on and \(val.slices.count) to validate")
    return Material(
      train: train, val: val,
      texts: AspectVectors(
        texts.table, sentences: texts.sentences,
        width: configuration.network.aspects * configuration.network.textWidth),
      categories: categories, modalities: modalities, categoryText: texts.categoryText,
      encoderID: texts.encoderID)
  }

  /// From the file of `texts` where there is one; else encoded, and kept there.
  private func encodedTexts(
    categories: [String], modalities: [String], kinds: Set<String>, vocabulary: Vocabulary
  ) throws -> EncodedTexts {
    let file = texts?.appendingPathComponent("\(configuration.text.rawValue).safetensors")
    if let file, FileManager.default.fileExists(atPath: file.path) {
      let kept = try EncodedTexts(contentsOf: file)
      guard kept.categories == categories, kept.modalities == modalities,
        kinds.isSubset(of: kept.kinds)
      else {
        throw CorpusError(
          file.path, "it holds the texts of other categories or kinds of image; remove it")
      }
      say("took the descriptions of \(categories.count) categories from \(file.lastPathComponent)")
      return kept
    }
    let encoder = try TextEncoder(threads: configuration.threads)
    let found = try EncodedTexts(
      ChosenTexts(
        choice: configuration.text, vocabulary: vocabulary, encoder: encoder,
        categories: categories),
      categories: categories, modalities: modalities, kinds: kinds, encoderID: encoder.id)
    if let file { try found.write(to: file) }
    say("encoded the descriptions of \(categories.count) categories")
    return found
  }

  /// - Parameter views: of a frozen encoder, where some are encoded already; made where they are needed.
  func run(
    _ stage: Stage, index: Int, from weights: Weights, material: Material,
    views: inout FeatureViews?, began: Date
  ) throws -> Weights {
    var configuration = configuration
    configuration.stage = stage
    let trainer = try Trainer(
      configuration: configuration, categoryCount: material.categories.count,
      pairs: material.train.pairs, start: weights, categoryText: material.categoryText)
    let checkpoint = output.appendingPathComponent("stage\(index).safetensors").path
    if FileManager.default.fileExists(atPath: checkpoint) {
      try trainer.restore(try SafetensorsFile(path: checkpoint).allFloats())
      say("stage \(index): goes on at step \(trainer.step)")
    }
    let shape = BatchShape(
      images: stage.images, slots: stage.slots, perImage: configuration.perImage,
      pairs: material.train.pairs)
    let network = trainer.network.configuration
    var maker = BatchMaker(
      store: material.train, texts: material.texts, configuration: network, shape: shape)
    maker.mix = configuration.mix
    let foreign = try foreignModel(weights)
    if let foreign {
      maker.views =
        try views
        ?? FeatureViews(
          maker, foreign: foreign, bytes: configuration.featureBytes, seed: configuration.seed,
          progress: progress)
    } else if configuration.takesFeatures {
      maker.views =
        try views
        ?? FeatureViews(
          maker, network: trainer.network, weights: weights, bytes: configuration.featureBytes,
          seed: configuration.seed, autocast: configuration.autocast, progress: progress)
    }
    if let known = maker.views {
      views = known
      say("stage \(index): \(known.views.count) views are encoded")
    }
    let batches = maker
    // An encoder that is trained here says by the stage how many images it has room for.
    let validation = try QuickValidation(
      maker: BatchMaker(
        store: material.val, texts: material.texts, configuration: network, shape: shape),
      network: trainer.network, foreign: foreign,
      images: configuration.trainsSAM ? min(8, stage.images) : 8)
    let log = try TrainingLog(directory: output, stage: index)
    let queue = BatchQueue(
      from: trainer.step, ahead: 5 + dataThreads, threads: dataThreads,
      seed: configuration.seed &+ UInt64(index) << 40
    ) { random in
      var batch = batches.make(random: &random)
      batch.pack()
      return batch
    }
    defer { queue.stop() }
    var meter = StepMeter()
    var saved = Date()
    while !trainer.isDone {
      try step(trainer, queue, &meter)
      let isOut = secondsLimit.map { Date().timeIntervalSince(began) > $0 } ?? false
      let isLast = trainer.isDone || isOut
      if trainer.step % logSteps == 0 || isLast {
        try end(&meter, of: trainer, "stage \(index)", log)
      }
      if Date().timeIntervalSince(saved) > checkpointSeconds || isLast {
        try Safetensors.write(try trainer.checkpoint(), to: checkpoint)
        try Safetensors.write(
          trainer.meanWeights(), to: output.appendingPathComponent("mean.safetensors").path)
        saved = Date()
      }
      if trainer.step % validationSteps == 0 || isLast {
        let scores = try validation.run(
          trainer.meanWeights(), categoryText: material.categoryText)
        try log.add(scores, step: trainer.step)
        say("stage \(index) step \(trainer.step): \(TrainingLog.summary(scores))")
      }
      if isOut { break }
    }
    try log.plot()
    return trainer.meanWeights()
  }

  private func foreignModel(_ weights: Weights) throws -> ForeignModel? {
    if let sam = configuration.network.sam {
      if configuration.trainsSAM { return nil }
      return try ForeignModel(
        sam, weights: weights, options: CompileOptions(threads: configuration.threads))
    }
    guard let encoder = configuration.network.encoder, let file = foreign ?? start?.encoderFile
    else { return nil }
    return try ForeignModel(
      path: file.path, encoder: encoder, options: CompileOptions(threads: configuration.threads))
  }

  /// A step on the next batch.
  func step(_ trainer: Trainer, _ queue: BatchQueue, _ meter: inout StepMeter) throws {
    let asked = Date()
    let batch = queue.next()
    meter.waited += Date().timeIntervalSince(asked)
    meter.add(try trainer.train(batch))
    let stage = trainer.configuration.stage
    if stage.seconds == nil { progress(trainer.step, stage.steps) }
  }

  /// A line of the log, after which the meter begins anew.
  func end(
    _ meter: inout StepMeter, of trainer: Trainer, _ name: String, _ log: TrainingLog
  ) throws {
    let line = meter.line(images: trainer.configuration.stage.images)
    try log.add(line)
    say("\(name) \(line.text)")
    meter = StepMeter()
  }
}
