public import Imaging
import NeuralGraph
public import OpenVINORuntime
import Synchronization
import TextEncoder
public import Vocabulary

import class Foundation.DispatchQueue
import func Foundation.exp

/// How a model is run.
public struct PredictorOptions: Sendable, Hashable {
  /// Threads a run may use; nil leaves it to OpenVINO.
  public var threads: Int?
  /// Bytes of image features that are kept.
  public var cacheBytes: Int
  /// Of the image encoder and the decoders. The prompt encoder always runs in f32: bf16 positions
  /// are off by up to a tenth.
  public var precision: CompileOptions.Precision
  /// Where compiled models are kept between runs of the program.
  public var modelCache: String?
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
}

/// Answers queries with a model: image features cached by content, one decoder run a query.
///
/// Inference runs on a queue of its own, one request at a time, never on the cooperative pool.
public final class Predictor: SegmentationEngine {
  public let model: ModelInfo
  public let trainedCategories: Set<String>
  public let manifest: Manifest
  /// Of each trained category: its place among the CO-tokens.
  let classIndex: [String: Int]
  let vocabulary: Vocabulary
  let cache: FeatureCache
  let texts: CategoryTexts
  private let imageRequest: InferRequest
  /// What runs queries; nil for the plain U-Net, which has drawn everything already.
  private let decoders: Decoders?
  private let queue = DispatchQueue(label: "segsam.inference", qos: .userInitiated)

  /// Compiles the networks. Blocks for seconds: never call from Swift's cooperative threads.
  public init(
    bundle: ModelBundle, vocabulary: Vocabulary, options: PredictorOptions = PredictorOptions()
  ) throws {
    manifest = bundle.manifest
    model = ModelInfo(name: manifest.name, version: manifest.version)
    trainedCategories = Set(manifest.categories)
    classIndex = Dictionary(
      uniqueKeysWithValues: manifest.categories.enumerated().map { ($1, $0) })
    self.vocabulary = vocabulary
    cache = FeatureCache(limit: options.cacheBytes)
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
    let image = try OpenVINO.load().compile(
      isUNet ? unet.imageGraph() : network.imageGraph(categoryText: categoryText),
      weights: bundle.weights,
      options: CompileOptions(
        precision: options.precision, threads: options.threads,
        cacheDirectory: options.modelCache))
    imageRequest = try image.makeRequest()
    decoders =
      isUNet
      ? nil
      : try Decoders(
        network, categoryText: categoryText, weights: bundle.weights, options: options)
  }

  public func prepare(_ image: MedicalImage, imageKey: String) async throws {
    try await onQueue { stop in
      let view = AxialView(image)
      let viewed = try view.view(image)
      for k in 0..<view.sliceCount {
        try stop.check()
        _ = try self.features(viewed, slice: k, key: imageKey)
      }
    }
  }

  public func segment(
    _ image: MedicalImage, imageKey: String, queries: [Query], options: SegmentOptions,
    progress: (@Sendable (Int, Int) -> Void)?
  ) async throws -> SegmentationResult {
    try await onQueue { stop in
      try Segmentation(
        predictor: self, image: image, key: imageKey, queries: queries, options: options
      ).run(stop: stop, progress: progress)
    }
  }

  /// Bytes of image features held.
  public var cachedBytes: Int { cache.statistics.bytes }

  /// The image's features, from the cache or computed.
  func features(_ viewed: MedicalImage, slice: Int, key: String) throws -> SliceFeatures {
    let cacheKey = FeatureCache.Key(image: key, slice: slice)
    if let known = cache.features(for: cacheKey) { return known }
    let (side, channels) = (manifest.network.imageSize, manifest.network.channels)
    let input = try NetworkInput(
      viewed, slice: slice, side: side, sliceReach: manifest.network.sliceReach)
    var out = try imageRequest.infer(
      inputs: ["image": TensorValue(input.pixels, shape: [1, channels, side, side])])
    guard let logits = out.removeValue(forKey: "classes")?.floats,
      logits.count == manifest.categories.count
    else { throw PredictorError(.inference, "the image encoder gave no classes") }
    let features = SliceFeatures(tensors: out, classes: logits)
    cache.keep(features, for: cacheKey)
    return features
  }

  /// One run of the decoders; of the U-Net a category's channel.
  func decode(
    _ features: SliceFeatures, _ prompt: PromptTensors, category: String?
  ) throws -> DecodedQuery {
    if let decoders { return try decoders.run(features, prompt) }
    guard let index = category.flatMap({ classIndex[$0] }), !prompt.hasPoints,
      let drawn = features.tensors["drawn"]?.floats
    else {
      throw PredictorError(.invalidQuery, "this model, a plain U-Net, knows names only")
    }
    let area = drawn.count / classIndex.count
    let mask = Array(drawn[index * area..<(index + 1) * area])
    return DecodedQuery(undecided: mask, presence: features.classes[index])
  }

  private func onQueue<R: Sendable>(
    _ body: @escaping @Sendable (StopFlag) throws -> R
  ) async throws -> R {
    let stop = StopFlag()
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        queue.async {
          continuation.resume(
            with: Result { () throws -> R in
              try stop.check()
              return try body(stop)
            })
        }
      }
    } onCancel: {
      stop.set()
    }
  }
}

/// Tells work on another thread that nobody waits for it any more.
final class StopFlag: Sendable {
  private let isSet = Atomic<Bool>(false)
  func set() { isSet.store(true, ordering: .relaxed) }
  func check() throws(CancellationError) {
    if isSet.load(ordering: .relaxed) { throw CancellationError() }
  }
}

@inline(__always)
func sigmoid(_ x: Float) -> Float { 1 / (1 + exp(-x)) }
