import NeuralGraph
import OpenVINORuntime

/// The prompt encoder and the decoders of a model, compiled.
struct Decoders {
  private let prompts: InferRequest
  private let queries: BatchedModel
  /// Of a query without a place.
  private let noPoints: [String: TensorValue]

  init(
    _ network: SegSAMNetwork, categoryText: [Float],
    weights: [String: (shape: [Int], values: [Float])], options: PredictorOptions,
    observe: @escaping BatchedModel.Observer
  ) throws {
    queries = try BatchedModel(
      sizes: options.batchSizes, streams: options.streams, weights: weights,
      options: options.compiling, observe: observe
    ) { try network.queryGraph(categoryText: categoryText, queries: $0) }
    let prompt = try OpenVINO.load().compile(
      network.promptGraph(), weights: weights,
      options: CompileOptions(
        precision: .float32, threads: 1, cacheDirectory: options.modelCache))
    prompts = try prompt.makeRequest()
    noPoints = try Self.encode(
      PromptTensors(configuration: network.configuration, text: nil, box: nil, clicks: []),
      prompts)
  }

  private static func encode(
    _ prompt: PromptTensors, _ request: InferRequest
  ) throws -> [String: TensorValue] {
    let encoded = try request.infer(inputs: prompt.points)
    guard encoded["sparse"] != nil else {
      throw PredictorError(.inference, "the prompt encoder gave no tokens")
    }
    return encoded
  }

  /// Queries on one slice; one answer each.
  func run(_ features: SliceFeatures, _ asked: [PromptTensors]) throws -> [DecodedQuery] {
    let items = try asked.map { prompt in
      var inputs = features.tensors
      inputs.merge(prompt.text) { _, new in new }
      let places = prompt.hasPoints ? try Self.encode(prompt, prompts) : noPoints
      inputs.merge(places) { _, new in new }
      return inputs
    }
    return try queries.infer(items).map { out in
      guard let mask = out["mask"]?.floats, let candidates = out["candidates"]?.floats,
        let iou = out["iou"]?.floats, iou.count == SemanticAgnosticDecoder.maskCount,
        let semantic = out["semantic"]?.floats, let presence = out["presence"]?.floats?.first,
        let naming = out["naming"]?.floats
      else { throw PredictorError(.inference, "the decoders gave no such output") }
      // An estimate of a share, which Segment Anything's head does not keep within 0 to 1.
      return DecodedQuery(
        mask: mask, candidates: candidates, iou: iou.map { min(max($0, 0), 1) }, semantic: semantic,
        presence: presence,
        naming: naming)
    }
  }
}
