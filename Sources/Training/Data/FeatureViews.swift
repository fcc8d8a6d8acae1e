import NeuralGraph
public import SegSAM

/// Augmented views with the features that an image encoder which is not trained gives for them: so
/// the encoder runs once a view and not once a step.
public struct FeatureViews: Sendable {
  var views: [BatchMaker.View] = []
  /// Of each view, one after another, in half precision; by name of `ImageFeatures.inputs`, with `around`
  /// and `in_volume` where slices look at each other.
  private var features: [String: [Float16]] = [:]
  private var lengths: [String: Int] = [:]

  /// Makes the views that fit, at most `perSlice` for each slice on average.
  ///
  /// - Parameters:
  ///   - weights: of the network; only the image encoder's are used.
  ///   - bytes: of all features.
  ///   - progress: called with (views done, views in all).
  public init(
    _ maker: BatchMaker, network: SegSAMNetwork, weights: Weights, bytes: Int, perSlice: Int = 24,
    seed: UInt64, autocast: Bool, progress: (Int, Int) -> Void = { _, _ in }
  ) throws {
    let around = network.configuration.sliceAttention == nil ? 0 : CrossSliceAttention.count
    let images = around > 0 ? 2 : 8
    let graph = try network.featureGraph(images: images * (1 + around))
    let executor = try GraphExecutor(graph)
    for (name, id) in graph.outputs {
      lengths[name] = graph.nodes[id].shape.reduce(1, *) / (images * (1 + around))
    }
    let tokens = lengths["tokens"] ?? 0
    if around > 0 { (lengths["around"], lengths["in_volume"]) = (around * tokens, 1) }
    let each = max(1, lengths.values.reduce(0, +) * MemoryLayout<Float16>.size)
    let count = max(images, min(bytes / each, maker.store.slices.count * perSlice))
    var given: [String: TorchTensor] = [:]
    for node in graph.parameters {
      guard let known = weights[node.name], known.shape == node.shape else {
        throw GraphError(node: node.name, reason: "a frozen encoder needs weights to start with")
      }
      given[node.name] = try TorchTensor(known.values, shape: known.shape)
    }
    let (side, channels) = (network.configuration.imageSize, network.configuration.channels)
    let plane = channels * side * side * (1 + around)
    var random = SeededRandom(seed: seed)
    while views.count < count {
      var pixels = [Float](repeating: 0, count: images * plane)
      pixels.withUnsafeMutableBufferPointer {
        for image in 0..<images {
          views.append(maker.view(into: &$0, at: image * plane, random: &random))
        }
      }
      given["image"] = try TorchTensor(
        pixels, shape: [images * (1 + around), channels, side, side])
      let found = try Torch.withoutGradients { () throws -> [String: [Float]] in
        if autocast { Torch.autocast(true) }
        defer { if autocast { Torch.autocast(false) } }
        return try executor.run(given).mapValues { try $0.values() }
      }
      for (name, values) in found {
        let length = lengths[name] ?? 0
        for image in 0..<images {
          let at = image * (1 + around) * length
          features[name, default: []] += values[at..<at + length].map { Float16($0) }
          guard around > 0, name == "tokens" else { continue }
          features["around", default: []] += values[at + length..<at + (1 + around) * length]
            .map { Float16($0) }
          let isAlone = maker.store.slices[views[views.count - images + image].slice].around.isEmpty
          features["in_volume", default: []].append(isAlone ? 0 : 1)
        }
      }
      progress(min(views.count, count), count)
    }
  }

  /// Views of images for a `ForeignEncoder`: pixels, with what it gives for them.
  ///
  /// - Parameters: as above.
  public init(
    _ maker: BatchMaker, foreign: ForeignModel, bytes: Int, perSlice: Int = 24, seed: UInt64,
    progress: (Int, Int) -> Void = { _, _ in }
  ) throws {
    let c = maker.configuration
    let plane = c.channels * c.imageSize * c.imageSize
    let e = foreign.encoder
    lengths = ["image": plane, "foreign": e.grid * e.grid * e.channels]
    let each = lengths.values.reduce(0, +) * MemoryLayout<Float16>.size
    let count = max(8, min(bytes / each, maker.store.slices.count * perSlice))
    var random = SeededRandom(seed: seed)
    while views.count < count {
      var pixels = [Float](repeating: 0, count: plane)
      pixels.withUnsafeMutableBufferPointer {
        views.append(maker.view(into: &$0, at: 0, random: &random))
      }
      features["foreign", default: []] += try foreign.tokens(of: pixels, side: c.imageSize)
        .map { Float16($0) }
      features["image", default: []] += pixels.map { Float16($0) }
      progress(views.count, count)
    }
  }

  /// The features of some views, as a batch holds them.
  func features(of chosen: [Int]) -> [String: [Float]] {
    var result: [String: [Float]] = [:]
    for (name, all) in features {
      let length = lengths[name] ?? 0
      result[name] = chosen.flatMap { all[$0 * length..<($0 + 1) * length].map { Float($0) } }
    }
    return result
  }
}
