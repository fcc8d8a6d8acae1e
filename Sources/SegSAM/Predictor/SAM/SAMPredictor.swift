public import Imaging
import NeuralGraph
import OpenVINORuntime
import Synchronization
public import Vocabulary

/// Answers queries with a network in Segment Anything's layout: boxes and clicks by itself, slice by
/// slice; texts by the boxes that another model, the detector, finds for them.
///
/// Which category something is, whether it is there, C_s and M_s are the detector's to say. Without one
/// the mask is all there is, and who draws a box or clicks says that something is there.
public final class SAMPredictor: SegmentationEngine {
  public let model: ModelInfo
  public let manifest: Manifest
  public let trainedCategories: Set<String>
  let configuration: SAMConfiguration
  let vocabulary: Vocabulary
  private let detector: (any SegmentationEngine)?
  private let cache: FeatureCache
  private let images: BatchedModel
  private let prompts: InferRequest
  private let decoders: BatchedModel
  /// With a mask as a prompt; compiled when the first one comes.
  private let maskDecoders: Mutex<BatchedModel?>
  private let makeMaskDecoders: @Sendable () throws -> BatchedModel
  private let queue: RequestQueue

  /// Compiles the networks. Blocks for seconds: never call from Swift's cooperative threads.
  ///
  /// - Throws: `BundleError` where the bundle is of another layout, `GraphError` naming a weight that it
  ///   lacks, `OpenVINOError`.
  public init(
    bundle: ModelBundle, vocabulary: Vocabulary, options: PredictorOptions = PredictorOptions(),
    detector: (any SegmentationEngine)? = nil
  ) throws {
    manifest = bundle.manifest
    guard let sam = manifest.sam else {
      throw BundleError(
        .invalid, "model \(manifest.name) is not in Segment Anything's layout")
    }
    configuration = sam
    model = ModelInfo(name: manifest.name, version: manifest.version)
    trainedCategories = detector?.trainedCategories ?? []
    self.vocabulary = vocabulary
    self.detector = detector
    cache = FeatureCache(limit: options.cacheBytes)
    queue = RequestQueue(places: options.requests)
    let network = SAMNetwork(configuration: sam, shapes: bundle.weights.mapValues(\.shape))
    let observe = options.observeBatch
    images = try BatchedModel(
      sizes: [1], streams: options.streams, weights: bundle.weights, options: options.compiling,
      observe: { observe(.imageEncoder, $0) }, graph: { try network.imageGraph(images: $0) })
    decoders = try BatchedModel(
      sizes: [1], streams: options.streams, weights: bundle.weights, options: options.compiling,
      observe: { observe(.decoders, $0) }, graph: { try network.decoderGraph(queries: $0) })
    maskDecoders = Mutex(nil)
    let weights = bundle.weights
    makeMaskDecoders = {
      try BatchedModel(
        sizes: [1], streams: options.streams, weights: weights, options: options.compiling,
        observe: { observe(.decoders, $0) },
        graph: { try network.decoderGraph(queries: $0, withMask: true) })
    }
    prompts = try OpenVINO.load().compile(
      network.promptGraph(), weights: bundle.weights,
      options: CompileOptions(
        precision: .float32, threads: 1, cacheDirectory: options.modelCache)
    ).makeRequest()
  }

  public var inputSide: Int { configuration.imageSize }

  public func prepare(_ image: MedicalImage, imageKey: String) async throws {
    try await detector?.prepare(image, imageKey: imageKey)
    try await queue.eachSlice(of: image) { viewed, k in
      _ = try self.features(viewed, slice: k, key: imageKey)
    }
  }

  public func segment(
    _ image: MedicalImage, imageKey: String, queries: [Query], options: SegmentOptions,
    progress: (@Sendable (Int, Int) -> Void)?
  ) async throws -> SegmentationResult {
    for query in queries { try QueryRun.check(query, vocabulary: vocabulary) }
    let detection = Detection(queries, vocabulary: vocabulary)
    var found: SegmentationResult?
    if let detector {
      var asked = options
      (asked.wantsBinaryMasks, asked.wantsAlternatives) = (true, false)
      // Each slice counts twice: once for the detector, once for us.
      var half: (@Sendable (Int, Int) -> Void)?
      if let progress { half = { progress($0, 2 * $1) } }
      found = try await detector.segment(
        image, imageKey: imageKey, queries: detection.queries, options: asked,
        progress: half)
    } else if let text = queries.first(where: { !$0.hasPlace }) {
      throw PredictorError(
        .invalidQuery,
        "model \(model.name) knows boxes and clicks only: give \(text.subject.told) one, or serve it"
          + " with a model that finds what a text names (--detector segsam-base)")
    }
    let told = found
    let by = detector.map { "box of \($0.model.name) \($0.model.version)" }
    return try await queue.run { stop in
      try SAMSegmentation(
        predictor: self, image: image, key: imageKey, queries: queries, options: options,
        detection: detection, found: told, promptedBy: by
      ).run(stop: stop, progress: progress)
    }
  }

  public var featureCache: FeatureCacheUse {
    let (mine, other) = (cache.use, detector?.featureCache ?? FeatureCacheUse())
    return FeatureCacheUse(
      bytes: mine.bytes + other.bytes, hits: mine.hits + other.hits,
      misses: mine.misses + other.misses)
  }

  /// The image's features, from the cache or computed.
  func features(_ viewed: MedicalImage, slice: Int, key: String) throws -> SliceFeatures {
    try cache.features(for: FeatureCache.Key(image: key, slice: slice)) {
      let pixels = try SAMInput.pixels(viewed, slice: slice, configuration: configuration)
      let side = configuration.imageSize
      let out = try images.infer(["image": TensorValue(pixels, shape: [1, 3, side, side])])
      guard out["embedding"] != nil else {
        throw PredictorError(.inference, "the image encoder gave no embedding")
      }
      return SliceFeatures(tensors: out, classes: [])
    }
  }

  /// What the decoder says of prompts on one slice.
  func decode(_ features: SliceFeatures, _ asked: [SAMPrompt]) throws -> [DecodedQuery] {
    try asked.map { prompt in
      var inputs = features.tensors
      inputs["sparse"] = try prompts.infer(inputs: prompt.points)["sparse"]
      inputs["used"] = prompt.used
      inputs["mask"] = prompt.mask
      let model = prompt.mask == nil ? decoders : try decodersOfMasks()
      guard let out = try model.infer([inputs]).first, let masks = out["masks"]?.floats,
        let scores = out["scores"]?.floats, scores.count == configuration.maskCount
      else { throw PredictorError(.inference, "the decoder gave no masks") }
      return DecodedQuery(masks: masks, scores: scores, isAmbiguous: prompt.isAmbiguous)
    }
  }

  private func decodersOfMasks() throws -> BatchedModel {
    try maskDecoders.withLock { held in
      if let held { return held }
      let made = try makeMaskDecoders()
      held = made
      return made
    }
  }
}

extension DecodedQuery {
  /// Of an ambiguous prompt the likeliest of the masks for such, with all of them; else the first mask.
  init(masks: [Float], scores: [Float], isAmbiguous: Bool) {
    let area = masks.count / scores.count
    let chosen =
      isAmbiguous
      ? scores.indices.dropFirst().max { scores[$0] < scores[$1] } ?? 0 : 0
    let mask = Array(masks[chosen * area..<(chosen + 1) * area])
    // An estimate of a share may lie outside of 0 to 1.
    var iou = isAmbiguous ? scores : [scores[0]]
    iou[0] = scores[chosen]
    self.init(
      mask: mask, candidates: isAmbiguous ? masks : mask, iou: iou.map { min(max($0, 0), 1) },
      semantic: mask, presence: 0, naming: [])
  }
}

extension QuerySubject {
  /// For a message.
  fileprivate var told: String {
    switch self {
    case .category(let id): "\"\(id)\""
    case .freeText(let text): "\"\(text)\""
    case .unnamed: "the query"
    }
  }
}
