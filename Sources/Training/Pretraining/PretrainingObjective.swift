import NeuralGraph
import SegSAM

/// The image encoder and a loss that needs no labels, as a graph.
struct PretrainingObjective {
  var network: SegSAMNetwork
  var method: Pretraining.Method
  /// Images of a step; of `neighbours` as many again beside them.
  var images: Int

  /// Inputs: `image [B, channels, S, S]`, and for `masked` also `hidden [B, 1, S, S]`, 1 where a pixel is
  /// not shown. For `neighbours` B is twice `images`: image n and image n + `images` belong together.
  /// Output: `loss`, a scalar.
  func build() throws(GraphError) -> Graph {
    let builder = GraphBuilder()
    let loss =
      switch method {
      case .masked: try masked(builder)
      case .neighbours: try neighbours(builder)
      }
    try builder.output("loss", loss)
    return builder.graph
  }

  /// The mean absolute difference, over what is hidden, of the image on the grid of S/2 and of what is
  /// drawn from the features there.
  private func masked(_ builder: GraphBuilder) throws(GraphError) -> Tensor {
    let (s, c) = (builder.root, network.configuration)
    let l = s[Pretraining.scope]
    let image = try builder.input("image", [images, c.channels, c.imageSize, c.imageSize])
    let hidden = try builder.input("hidden", [images, 1, c.imageSize, c.imageSize])
    let shown = try l(.affine(factor: -1, offset: 1), hidden)
    let stand = try l.parameter("hidden", [1, c.channels, 1, 1], .zeros)
    let seen = try l(.add, l(.multiply, image, shown), l(.multiply, hidden, stand))
    let features = try network.encode(s, seen)
    let drawn = try l["draw"].conv(features.stride2, c.channels, kernel: 1, bias: true)
    let wrong = try l(.absolute, l(.subtract, drawn, l(.averagePool(size: 2), image)))
    let side = c.imageSize / 2
    let counted = try l(
      .broadcast([images, c.channels, side, side]), l(.averagePool(size: 2), hidden))
    return try average(l, wrong, counted)
  }

  /// The cross-entropy of finding each image's other half among all of the batch, both ways.
  private func neighbours(_ builder: GraphBuilder) throws(GraphError) -> Tensor {
    let (s, c, b) = (builder.root, network.configuration, images)
    let l = s[Pretraining.scope]
    let image = try builder.input("image", [2 * b, c.channels, c.imageSize, c.imageSize])
    let tokens = try network.encode(s, image).tokens
    let mean = try l(.mean(axes: [1], keep: false), tokens)
    let x = try l["project"].mlp(mean, hidden: c.width, 64)
    let length = try l(
      .affine(factor: 1, offset: 1e-6), l(.sum(axes: [1], keep: true), l(.power(2), x)))
    let unit = try l(.divide, x, l(.squareRoot, length))
    func half(_ n: Int) throws(GraphError) -> Tensor {
      try l(.slice(axis: 0, start: n * b, end: (n + 1) * b), unit)
    }
    let likeness = try l(
      .affine(factor: 1 / Pretraining.temperature, offset: 0),
      l(.matmul(transposeB: true), half(0), half(1)))
    let own = try l.constant((0..<b * b).map { $0 / b == $0 % b ? 1 : 0 }, [b, b])
    func surprise(_ axis: Int) throws(GraphError) -> Tensor {
      let right = try l(
        .sum(axes: [axis], keep: false), l(.multiply, l(.softmax(axis: axis), likeness), own))
      let logs = try l(.logarithm, l(.affine(factor: 1, offset: 1e-6), right))
      return try l(.affine(factor: -0.5, offset: 0), l(.mean(axes: [0], keep: false), logs))
    }
    return try l(.add, surprise(1), surprise(0))
  }
}
