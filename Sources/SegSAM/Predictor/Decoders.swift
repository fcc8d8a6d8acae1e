import NeuralGraph
import OpenVINORuntime

/// The prompt encoder and the decoders of a model, compiled: one run a query.
struct Decoders {
  private let promptRequest: InferRequest
  private let queryRequest: InferRequest
  /// Of a query without a place.
  private let noPoints: [String: TensorValue]

  init(
    _ network: SegSAMNetwork, categoryText: [Float],
    weights: [String: (shape: [Int], values: [Float])], options: PredictorOptions
  ) throws {
    let runtime = try OpenVINO.load()
    let query = try runtime.compile(
      network.queryGraph(categoryText: categoryText), weights: weights,
      options: CompileOptions(
        precision: options.precision, threads: options.threads,
        cacheDirectory: options.modelCache))
    let prompt = try runtime.compile(
      network.promptGraph(), weights: weights,
      options: CompileOptions(
        precision: .float32, threads: 1, cacheDirectory: options.modelCache))
    queryRequest = try query.makeRequest()
    promptRequest = try prompt.makeRequest()
    noPoints = try Self.encode(
      PromptTensors(configuration: network.configuration, text: nil, box: nil, clicks: []),
      promptRequest)
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

  func run(_ features: SliceFeatures, _ prompt: PromptTensors) throws -> DecodedQuery {
    var inputs = features.tensors
    inputs.merge(prompt.text) { _, new in new }
    let places = prompt.hasPoints ? try Self.encode(prompt, promptRequest) : noPoints
    inputs.merge(places) { _, new in new }
    let out = try queryRequest.infer(inputs: inputs)
    guard let mask = out["mask"]?.floats, let candidates = out["candidates"]?.floats,
      let iou = out["iou"]?.floats, iou.count == SemanticAgnosticDecoder.maskCount,
      let semantic = out["semantic"]?.floats, let presence = out["presence"]?.floats?.first,
      let naming = out["naming"]?.floats
    else { throw PredictorError(.inference, "the decoders gave no such output") }
    return DecodedQuery(
      mask: mask, candidates: candidates, iou: iou, semantic: semantic, presence: presence,
      naming: naming)
  }
}
