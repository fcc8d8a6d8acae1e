import NeuralGraph

/// SAM-Med2D's adapter (arXiv 2308.16184, section 3.2), beside a block's MLP: channels are weighed by
/// their means, and a convolution down and one up see the neighbourhood.
enum SAMAdapter {
  /// - Parameter x: `[N, h, w, C]`, h and w even.
  static func adapt(_ s: Scope, _ x: Tensor) throws(GraphError) -> Tensor {
    let (n, c) = (x.extent(0), x.extent(3))
    let means = try s(.mean(axes: [1, 2], keep: false), x)
    let hidden = try s(.relu, s["channel.0"].linear(means, c / 4, bias: false))
    let weights = try s(.sigmoid, s["channel.2"].linear(hidden, c, bias: false))
    let weighed = try s(.multiply, x, s(.reshape([n, 1, 1, c]), weights))

    let plane = try s(.transpose([0, 3, 1, 2]), weighed)
    let down = try s(.relu, s["spatial.0"].conv(plane, c, stride: 2))
    let kernel = try s["spatial.2"].parameter("weight", [c, c, 4, 4], .he(fanIn: c * 4))
    let up = try s(.relu, s(.convTranspose2d(stride: 2, padding: 1), down, kernel))
    let seen = try s(.add, x, s(.transpose([0, 2, 3, 1]), up))
    return try s["norm"].layerNorm(seen)
  }
}
