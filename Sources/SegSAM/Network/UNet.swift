public import NeuralGraph

/// A plain U-Net (arXiv 1505.04597) with one output channel a category: what SEG-SAM is compared with.
///
/// It knows no text and no prompts. Like SEG-SAM it answers on the grid of S/2, so its first
/// convolution has stride 2; group norm, as batches are small.
public struct UNet: Sendable {
  public var configuration: NetworkConfiguration
  public var categoryCount: Int
  /// Channels at strides 2, 4, 8 and 16: as dear as SEG-SAM's encoder with two queries.
  static let channels = [32, 64, 128, 256]

  public init(configuration: NetworkConfiguration, categoryCount: Int) {
    self.configuration = configuration
    self.categoryCount = categoryCount
  }

  /// The last features, `[N, 32, S/2, S/2]`.
  private func features(_ s: Scope, _ image: Tensor) throws(GraphError) -> Tensor {
    var x = try step(s["stem"], image, Self.channels[0], stride: 2)
    x = try step(s["down0"], x, Self.channels[0])
    var skips = [x]
    for (level, width) in Self.channels.enumerated().dropFirst() {
      x = try step(s["down\(level).0"], x, width, stride: 2)
      x = try step(s["down\(level).1"], x, width)
      skips.append(x)
    }
    for level in Self.channels.indices.dropLast().reversed() {
      let up = try s["up\(level)"].convTranspose(x, Self.channels[level])
      x = try s(.concatenate(axis: 1), skips[level], up)
      x = try step(s["up\(level).0"], x, Self.channels[level])
      x = try step(s["up\(level).1"], x, Self.channels[level])
    }
    return x
  }

  private func step(
    _ s: Scope, _ x: Tensor, _ out: Int, stride: Int = 1
  ) throws(GraphError) -> Tensor {
    try s(.relu, s["norm"].groupNorm(s.conv(x, out, stride: stride)))
  }

  private func head(_ s: Scope) throws(GraphError) -> (weight: Tensor, bias: Tensor) {
    let width = Self.channels[0]
    // Not called a weight: Muon, which steps those, moves so narrow a layer by next to nothing.
    return (
      try s.parameter("categories", [categoryCount, width], .lecun(fanIn: width)),
      try s.parameter("bias", [categoryCount, 1], .zeros)
    )
  }

  /// Logits of some categories of each image.
  ///
  /// - Parameter which: int64 `[B, K]`.
  /// - Returns: `[B, K, S/2, S/2]`.
  public func draw(_ s: Scope, image: Tensor, which: Tensor) throws(GraphError) -> Tensor {
    let plane = try features(s, image)
    let (weight, bias) = try head(s["head"])
    let (n, k) = (which.extent(0), which.extent(1))
    let own = try s(.reshape([n, k, 1, 1]), s(.gather(axis: 0), bias, which))
    return try s(.add, product(s, s(.gather(axis: 0), weight, which), plane), own)
  }

  /// `image [1, channels, S, S]` to the logits of all categories, `drawn [1, C, S/2, S/2]`, and the
  /// largest of each, `classes [1, C]`.
  public func imageGraph() throws(GraphError) -> Graph {
    let builder = GraphBuilder()
    let s = builder.root["unet"]
    let side = configuration.imageSize
    let image = try builder.input("image", [1, configuration.channels, side, side])
    let plane = try features(s, image)
    let (weight, bias) = try head(s["head"])
    let c = categoryCount
    let own = try s(.reshape([1, c, 1, 1]), bias)
    let drawn = try s(.add, product(s, s(.reshape([1, c, weight.extent(1)]), weight), plane), own)
    try builder.output("drawn", drawn)
    try builder.output("classes", s(.reduceMaximum(axes: [2, 3], keep: false), drawn))
    return builder.graph
  }
}
