import Foundation
import SegSAM
import Vocabulary

/// Trains and validates networks that differ in one part each, at a small fixed budget.
public struct Ablation {
  /// What is the same in all: corpus, folder, stage. Each network gets a folder of its own in it, with
  /// checkpoints: an ablation that was broken off goes on.
  public var run: TrainingRun
  public var variants: [AblationVariant]
  public var seeds: [UInt64]
  /// The index of the one variant to train now; nil: all.
  public var only: Int?
  /// Whether the image encoder of `run.start` is taken as it is, frozen, and all else begun anew.
  private var keepsEncoder: Bool { run.start != nil && run.configuration.takesFeatures }
  /// Slices of each pair of data set and category that validation looks at, at most.
  public var limit = 6

  public init(run: TrainingRun, variants: [AblationVariant], seeds: [UInt64]) {
    self.run = run
    self.variants = variants
    self.seeds = seeds
  }

  /// One variant's means over pairs on `val`, a value a seed.
  public struct Row: Codable, Sendable {
    public var name: String
    public var prompts: String
    public var steps: Int
    public var binary: [Double], semantic: [Double]
    public var paperBinary: Double?, paperSemantic: Double?
  }

  /// - Parameter done: told each row as soon as all its seeds are there.
  public func callAsFunction(done: (Row) -> Void = { _ in }) throws -> [Row] {
    try Torch.load()
    let vocabulary = try Vocabulary.load(at: try VocabularyLocation.find())
    var rows: [Row] = []
    var shared = Shared()
    for (number, variant) in variants.enumerated() where only ?? number == number {
      var row = Row(
        name: variant.name.trimmingCharacters(in: .whitespaces), prompts: variant.asks.rawValue,
        steps: run.stages[0].steps, binary: [], semantic: [], paperBinary: variant.paper?.binary,
        paperSemantic: variant.paper?.semantic)
      for seed in seeds {
        let scores = try train(variant, number: number, seed: seed, vocabulary: vocabulary, &shared)
        let n = Double(max(1, scores.count))
        row.binary.append(scores.reduce(0) { $0 + Double($1.binary) } / n)
        // A network without a semantic-aware decoder has no M_s that was trained.
        guard variant.hasSemanticDecoder else { continue }
        row.semantic.append(scores.reduce(0) { $0 + Double($1.semantic) } / n)
      }
      rows.append(row)
      done(row)
    }
    return rows
  }

  /// What is the same in all networks and dear to make.
  private struct Shared {
    var slices: TrainingRun.Slices?
    var views: FeatureViews?
  }

  private func train(
    _ variant: AblationVariant, number: Int, seed: UInt64, vocabulary: Vocabulary,
    _ shared: inout Shared
  ) throws -> [PairScore] {
    var run = run
    run.configuration = variant.changed(run.configuration)
    run.configuration.seed = seed
    run.output = run.output.appendingPathComponent("\(variant.text.rawValue)-\(number)-\(seed)")
    run.validationSteps = Int.max
    let (say, name) = (run.say, variant.name)
    run.say = { say("\(name), seed \(seed): \($0)") }
    try FileManager.default.createDirectory(at: run.output, withIntermediateDirectories: true)
    let material = try run.material(vocabulary, slices: shared.slices)
    shared.slices = TrainingRun.Slices(train: material.train, val: material.val)
    let stage = run.stages[0]
    var start = run.startWeights(material)
    if keepsEncoder { start = start.filter { $0.key.hasPrefix("image_encoder.") } }
    let weights = try run.run(
      stage, index: 0, from: start, material: material, views: &shared.views, began: Date())
    var network = run.configuration.network
    network.imageSize = stage.imageSize
    let maker = BatchMaker(
      store: material.val, texts: material.texts, configuration: network,
      shape: BatchShape(
        images: stage.images, slots: stage.slots, perImage: run.configuration.perImage,
        pairs: material.val.pairs))
    var whole = SegSAMNetwork(configuration: network, categoryCount: material.categories.count)
    whole.usesCategoryTokens = variant.hasCategoryTokens
    return try QuickValidation(maker: maker, network: whole).run(
      weights, categoryText: material.categoryText, limit: limit, prompt: variant.asks)
  }
}
