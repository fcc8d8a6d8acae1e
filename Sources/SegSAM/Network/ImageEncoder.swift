public import NeuralGraph

/// What the image encoder gives for N images.
public struct ImageFeatures {
  /// f_v as tokens, `[N, grid², width]`, row by row.
  public var tokens: Tensor
  /// Features for sharp edges at strides 8, 4 and 2, `[N, C, S/s, S/s]` (as SAM 2's decoder uses). Only our own
  /// semantic-agnostic decoder looks at the first, which is nil in networks with Segment Anything's.
  public var stride8: Tensor?
  public var stride4: Tensor, stride2: Tensor
  /// What Segment Anything's decoder looks at, `[N, its grid², its width]`; nil in networks without it.
  public var embedding: Tensor?

  /// Inputs of a graph for the features of N images: `tokens`, `stride8`, `stride4`, `stride2`, and
  /// `embedding` where there is one.
  public static func inputs(
    of builder: GraphBuilder, _ c: NetworkConfiguration, images n: Int
  ) throws(GraphError) -> ImageFeatures {
    func plane(_ stride: Int, _ channels: Int) throws(GraphError) -> Tensor {
      let side = c.imageSize / stride
      return try builder.input("stride\(stride)", [n, channels, side, side])
    }
    let embedding = try c.sam.map { (sam) throws(GraphError) in
      try builder.input("embedding", [n, sam.grid * sam.grid, sam.promptWidth])
    }
    return ImageFeatures(
      tokens: try builder.input("tokens", [n, c.grid * c.grid, c.width]),
      stride8: c.sam == nil ? try plane(8, c.stages[2]) : nil, stride4: try plane(4, c.stages[1]),
      stride2: try plane(2, c.stages[0]), embedding: embedding)
  }

  /// Outputs of a graph, under the names of `inputs`, but for `embedding`: whoever runs it has that.
  public func output(of builder: GraphBuilder) throws(GraphError) {
    try builder.output("tokens", tokens)
    if let stride8 { try builder.output("stride8", stride8) }
    try builder.output("stride4", stride4)
    try builder.output("stride2", stride2)
  }
}

/// Convolutions at strides 2, 4 and 8, transformer blocks at stride 16, and a top-down path.
///
/// With a `ForeignEncoder` the transformer blocks go on from its features instead of ours.
struct ImageEncoder {
  var configuration: NetworkConfiguration

  /// - Parameters:
  ///   - image: `[N, channels, S, S]`, normalised by `NetworkInput`.
  ///   - foreign: features of a `ForeignEncoder`, `[N, its grid², its channels]`.
  func callAsFunction(
    _ s: Scope, _ image: Tensor, foreign: Tensor? = nil
  ) throws(GraphError) -> ImageFeatures {
    let c = configuration
    let n = image.extent(0)
    var x = try s["stem"].conv(image, c.stages[0], stride: 2)
    x = try s(.relu, s["stem.norm"].groupNorm(x))
    let f2 = try residual(s["stage2"], x)
    x = try down(s["down4"], f2, c.stages[1])
    for i in 0..<c.stageBlocks { x = try residual(s["stage4.\(i)"], x) }
    let f4 = x
    x = try down(s["down8"], f4, c.stages[2])
    for i in 0..<c.stageBlocks { x = try residual(s["stage8.\(i)"], x) }
    let f8 = x
    x =
      if let foreign, let encoder = c.foreign {
        try adapt(s["foreign"], foreign, encoder)
      } else {
        try down(s["down16"], f8, c.width)
      }

    var t = try tokens(s, x)
    let place = try FourierPositions(configuration: c).grid(s["positions"])
    t = try s(.add, t, s["positions.project"].linear(place, c.width))
    for i in 0..<c.depth { t = try block(s["blocks.\(i)"], t) }
    t = try s["norm"].layerNorm(t)

    let top = try s(
      .transpose([0, 3, 1, 2]), s(.reshape([n, c.grid, c.grid, c.width]), t))
    let p8 = try merge(s["up8"], coarse: top, fine: f8)
    let p4 = try merge(s["up4"], coarse: p8, fine: f4)
    let p2 = try merge(s["up2"], coarse: p4, fine: f2)
    return ImageFeatures(
      tokens: t, stride8: c.sam == nil ? p8 : nil, stride4: p4, stride2: p2)
  }

  /// A foreign encoder's features as ours, `[N, width, grid, grid]`.
  private func adapt(
    _ s: Scope, _ features: Tensor, _ encoder: ForeignEncoder
  ) throws(GraphError) -> Tensor {
    let c = configuration
    let n = features.extent(0)
    let narrow = try s["project"].linear(s["norm"].layerNorm(features), c.width)
    let plane = try s(
      .transpose([0, 3, 1, 2]), s(.reshape([n, encoder.grid, encoder.grid, c.width]), narrow))
    if encoder.grid == c.grid { return plane }
    if encoder.grid % c.grid == 0 {
      return try s(.averagePool(size: encoder.grid / c.grid), plane)
    }
    return try s(.resizeBilinear(height: c.grid, width: c.grid), plane)
  }

  private func residual(_ s: Scope, _ x: Tensor) throws(GraphError) -> Tensor {
    let c = x.extent(1)
    let h = try s(.relu, s["norm1"].groupNorm(s["conv1"].conv(x, c)))
    return try s(.relu, s(.add, x, s["norm2"].groupNorm(s["conv2"].conv(h, c))))
  }

  private func down(_ s: Scope, _ x: Tensor, _ out: Int) throws(GraphError) -> Tensor {
    try s(.relu, s["norm"].groupNorm(s.conv(x, out, stride: 2)))
  }

  private func merge(_ s: Scope, coarse: Tensor, fine: Tensor) throws(GraphError) -> Tensor {
    let c = fine.extent(1)
    let narrow = try s["coarse"].conv(coarse, c, kernel: 1, bias: true)
    let up = try s(.resizeBilinear(height: fine.extent(2), width: fine.extent(3)), narrow)
    let h = try s["conv"].conv(s(.add, up, fine), c)
    return try s(.relu, s["norm"].groupNorm(h))
  }

  /// A pre-norm transformer block (arXiv 2010.11929).
  private func block(_ s: Scope, _ t: Tensor) throws(GraphError) -> Tensor {
    let c = configuration
    let a = try s["norm1"].layerNorm(t)
    let x = try s(.add, t, s["attention"].attend(a, a, a, heads: c.heads, inner: c.width))
    let m = try s["mlp"].mlp(s["norm2"].layerNorm(x), hidden: c.width * c.mlpRatio, c.width)
    return try s(.add, x, m)
  }
}

/// `[N, C, h, w]` as tokens `[N, h·w, C]`.
func tokens(_ s: Scope, _ x: Tensor) throws(GraphError) -> Tensor {
  let (n, c, count) = (x.extent(0), x.extent(1), x.extent(2) * x.extent(3))
  return try s(.reshape([n, count, c]), s(.transpose([0, 2, 3, 1]), x))
}
