public import Imaging
import NeuralGraph
public import OpenVINORuntime
import TextEncoder
public import Vocabulary

import func Foundation.exp

/// How a model is run.
public struct PredictorOptions: Sendable {
  /// Threads a run may use; nil leaves it to OpenVINO.
  public var threads: Int?
  /// Bytes of image features that are kept.
  public var cacheBytes: Int
  /// Of the image encoder and the decoders. The prompt encoder always runs in f32: bf16 positions
  /// are off by up to a tenth.
  public var precision: CompileOptions.Precision
  /// Where compiled models are kept between runs of the program.
  public var modelCache: String?
  /// Requests that are worked on side by side; their inferences share batches.
  public var requests = 1
  /// Batches that run side by side, sharing the threads.
  public var streams = 1
  /// Of the decoders' batches, ascending from 1.
  public var batchSizes = [1]
  /// Of the image encoder's, likewise; of our own networks but the plain U-Net.
  public var imageBatchSizes = [1]
  /// Called, from any thread, with the number of images or queries of each batch that ran.
  public var observeBatch: @Sendable (InferenceStage, Int) -> Void = { _, _ in }
  /// For experiments: category → the category whose description it is given.
  public var descriptionsOf: [String: String] = [:]

  public init(
    threads: Int? = nil, cacheBytes: Int = 192 << 20,
    precision: CompileOptions.Precision = .auto, modelCache: String? = nil
  ) {
    self.threads = threads
    self.cacheBytes = cacheBytes
    self.precision = precision
    self.modelCache = modelCache
  }

  var compiling: CompileOptions {
    CompileOptions(precision: precision, threads: threads, cacheDirectory: modelCache)
  }
}

/// The networks that a request runs through.
public enum InferenceStage: String, Sendable, CaseIterable {
  case imageEncoder = "image_encoder"
  case decoders
}

/// Answers queries with a model: image features cached by content, queries in batches.
///
/// Inference runs on a queue of its own, or on the caller's thread where that may block, some
/// requests at a time, never on the cooperative pool.
public final class Predictor: SegmentationEngine {
  public let model: ModelInfo
  public let trainedCategories: Set<String>
  public let manifest: Manifest
  /// Of each trained category: its place among the CO-tokens.
  let classIndex: [String: Int]
  let vocabulary: Vocabulary
  /// Of presence, for what is no trained category: the manifest's, or the median of theirs.
  let usualThreshold: Double
  let cache: FeatureCache
  let texts: CategoryTexts
  private let images: BatchedModel
  /// Another network's image encoder; nil: ours alone.
  private let foreign: ForeignModel?
  /// What lets a slice look at those around it; nil: it sees itself alone.
  private let looks: BatchedModel?
  /// What runs queries; nil for the plain U-Net, which has drawn everything already.
  private let decoders: Decoders?
  private let queue: RequestQueue

  /// Compiles the networks. Blocks for seconds: never call from Swift's cooperative threads.
  public init(
    bundle: ModelBundle, vocabulary: Vocabulary, options: PredictorOptions = PredictorOptions()
  ) throws {
    manifest = bundle.manifest
    guard manifest.sam == nil else {
      throw BundleError(
        .invalid,
        "model \(manifest.name) is in Segment Anything's layout: it boxes nothing by itself and"
          + " cannot be a detector")
    }
    model = ModelInfo(name: manifest.name, version: manifest.version)
    trainedCategories = Set(manifest.categories)
    classIndex = Dictionary(
      uniqueKeysWithValues: manifest.categories.enumerated().map { ($1, $0) })
    self.vocabulary = vocabulary
    let thresholds = manifest.presenceThresholds.values.sorted()
    usualThreshold =
      manifest.freeTextThreshold ?? (thresholds.isEmpty ? 0.5 : thresholds[thresholds.count / 2])
    cache = FeatureCache(limit: options.cacheBytes)
    queue = RequestQueue(places: options.requests)
    if let missing = manifest.categories.first(where: { vocabulary[$0] == nil }) {
      throw BundleError(
        .invalid,
        "model \(manifest.name) was trained on \"\(missing)\", which is not in the vocabulary")
    }
    let encoder = try TextEncoder(threads: options.threads)
    texts = CategoryTexts(
      vocabulary: vocabulary, encoder: encoder, standIns: options.descriptionsOf)
    // What is in the image at all is told by every category's own description.
    let own = CategoryTexts(vocabulary: vocabulary, encoder: encoder)
    var categoryText: [Float] = []
    for (category, modality) in zip(manifest.categories, manifest.modalities) {
      categoryText += try own.vectors(category, modality: modality)
    }
    let network = SegSAMNetwork(
      configuration: manifest.network, categoryCount: manifest.categories.count)
    let unet = UNet(configuration: manifest.network, categoryCount: manifest.categories.count)
    let isUNet = manifest.network.isUNet
    let observe = options.observeBatch
    let text = categoryText
    images = try BatchedModel(
      sizes: isUNet ? [1] : options.imageBatchSizes, streams: options.streams,
      weights: bundle.weights, options: options.compiling, observe: { observe(.imageEncoder, $0) },
      graph: {
        try isUNet ? unet.imageGraph() : network.imageGraph(categoryText: text, images: $0)
      })
    var alongside = options.compiling
    alongside.streams = options.streams
    foreign = try bundle.foreignModel(options: alongside)
    looks =
      manifest.network.sliceAttention == nil || isUNet
      ? nil
      : try BatchedModel(
        sizes: options.imageBatchSizes, streams: options.streams, weights: bundle.weights,
        options: options.compiling, observe: { _ in },
        graph: { try network.sliceGraph(categoryText: text, images: $0) })
    decoders =
      isUNet
      ? nil
      : try Decoders(
        network, categoryText: categoryText, weights: bundle.weights, options: options,
        observe: { observe(.decoders, $0) })
  }

  public func prepare(_ image: MedicalImage, imageKey: String) async throws {
    try await queue.eachSlice(of: image) { viewed, k in
      _ = try self.features(viewed, slice: k, key: imageKey)
    }
  }

  public func segment(
    _ image: MedicalImage, imageKey: String, queries: [Query], options: SegmentOptions,
    progress: (@Sendable (Int, Int) -> Void)?
  ) async throws -> SegmentationResult {
    try await queue.run { stop in
      try Segmentation(
        predictor: self, image: image, key: imageKey, queries: queries, options: options
      ).run(stop: stop, progress: progress)
    }
  }

  public var inputSide: Int { manifest.network.imageSize }

  public var featureCache: FeatureCacheUse { cache.use }

  /// The image's features, from the cache or computed.
  func features(_ viewed: MedicalImage, slice: Int, key: String) throws -> SliceFeatures {
    let own = FeatureCache.Key(image: key, slice: slice)
    guard let looks, let reach = manifest.network.sliceAttention, viewed.depth > 1 else {
      return try cache.features(for: own) { try encode(viewed, slice: slice) }
    }
    let looking = FeatureCache.Key(image: key, slice: slice, hasLooked: true)
    return try cache.features(for: looking) {
      func alone(_ k: Int) throws -> SliceFeatures {
        try cache.features(for: FeatureCache.Key(image: key, slice: k)) {
          try encode(viewed, slice: k)
        }
      }
      var features = try alone(slice)
      let around = try CrossSliceAttention.slices(around: slice, in: viewed, reach: reach)
        .flatMap { try alone($0).tensors["tokens"]?.floats ?? [] }
      let c = manifest.network
      let shape = [1, CrossSliceAttention.count, c.grid * c.grid, c.width]
      var asked = ["around": TensorValue(around, shape: shape)]
      asked["alone"] = features.tensors["tokens"]
      var out = try looks.infer(asked)
      features.classes = try classes(&out)
      features.tensors.merge(out) { _, new in new }
      return features
    }
  }

  private func encode(_ viewed: MedicalImage, slice: Int) throws -> SliceFeatures {
    let (side, channels) = (manifest.network.imageSize, manifest.network.channels)
    let input = try NetworkInput(
      viewed, slice: slice, side: side, sliceReach: manifest.network.sliceReach)
    var given = ["image": TensorValue(input.pixels, shape: [1, channels, side, side])]
    if let foreign {
      let tokens = try foreign.tokens(of: input.pixels, side: side)
      given["foreign"] = TensorValue(
        tokens, shape: [1, tokens.count / foreign.encoder.channels, foreign.encoder.channels])
    }
    var out = try images.infer(given)
    if manifest.network.sam != nil { out["embedding"] = given["foreign"] }
    let logits = try classes(&out)
    return SliceFeatures(tensors: out, classes: logits)
  }

  /// Takes C_s's logits out of what a graph gave.
  private func classes(_ out: inout [String: TensorValue]) throws -> [Float] {
    guard let logits = out.removeValue(forKey: "classes")?.floats,
      logits.count == manifest.categories.count
    else { throw PredictorError(.inference, "the image encoder gave no classes") }
    return logits
  }

  /// What the decoders say of queries on one slice; the U-Net, a category's channel.
  func decode(
    _ features: SliceFeatures, _ asked: [(prompt: PromptTensors, category: String?)]
  ) throws -> [DecodedQuery] {
    if let decoders { return try decoders.run(features, asked.map(\.prompt)) }
    return try asked.map { try channel(features, $0.prompt, category: $0.category) }
  }

  private func channel(
    _ features: SliceFeatures, _ prompt: PromptTensors, category: String?
  ) throws -> DecodedQuery {
    guard let index = category.flatMap({ classIndex[$0] }), !prompt.hasPoints,
      let drawn = features.tensors["drawn"]?.floats
    else {
      throw PredictorError(.invalidQuery, "this model, a plain U-Net, knows names only")
    }
    let area = drawn.count / classIndex.count
    let mask = Array(drawn[index * area..<(index + 1) * area])
    return DecodedQuery(undecided: mask, presence: features.classes[index])
  }
}

@inline(__always)
func sigmoid(_ x: Float) -> Float { 1 / (1 + exp(-x)) }
