import NeuralGraph
public import SegSAM

/// Augmented views with the features that an image encoder which is not trained gives for them: so
/// the encoder runs once a view and not once a step.
public struct FeatureViews: Sendable {
  var views: [BatchMaker.View] = []
  /// Of each view, one after another, in half precision; by name of `ImageFeatures.inputs`.
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
    let images = 8
    let graph = try network.featureGraph(images: images)
    let executor = try GraphExecutor(graph)
    for (name, id) in graph.outputs {
      lengths[name] = graph.nodes[id].shape.reduce(1, *) / images
    }
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
    let plane = channels * side * side
    var random = SeededRandom(seed: seed)
    while views.count < count {
      var pixels = [Float](repeating: 0, count: images * plane)
      pixels.withUnsafeMutableBufferPointer {
        for image in 0..<images {
          views.append(maker.view(into: &$0, at: image * plane, random: &random))
        }
      }
      given["image"] = try TorchTensor(pixels, shape: [images, channels, side, side])
      let found = try Torch.withoutGradients { () throws -> [String: [Float]] in
        if autocast { Torch.autocast(true) }
        defer { if autocast { Torch.autocast(false) } }
        return try executor.run(given).mapValues { try $0.values() }
      }
      for (name, values) in found { features[name, default: []] += values.map { Float16($0) } }
      progress(min(views.count, count), count)
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
