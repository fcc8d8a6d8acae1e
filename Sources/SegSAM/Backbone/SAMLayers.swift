import NeuralGraph

extension Scope {
  /// The parameter `weight [rows, width]` of an embedding.
  func embedding(_ width: Int, rows: Int = 1) throws(GraphError) -> Tensor {
    try parameter("weight", [rows, width], .normal(0.02))
  }

  /// Each place of `[N, C, h, w]` normalised over its channels.
  func layerNorm2d(_ x: Tensor) throws(GraphError) -> Tensor {
    let last = try self(.transpose([0, 2, 3, 1]), x)
    return try self(.transpose([0, 3, 1, 2]), layerNorm(last, epsilon: 1e-6))
  }

  /// A convolution without overlap: kernel = stride, no padding.
  func patches(_ x: Tensor, _ out: Int, side: Int) throws(GraphError) -> Tensor {
    let inner = x.extent(1)
    return try self(
      .conv2d(stride: side, padding: 0, groups: 1), x,
      parameter("weight", [out, inner, side, side], .he(fanIn: inner * side * side)),
      parameter("bias", [out], .zeros))
  }

  func concatenate(_ parts: [Tensor], axis: Int) throws(GraphError) -> Tensor {
    try builder.graph.append(.concatenate(axis: axis), parts, in: name)
  }

  /// `layers.0`, `layers.1`, …: linear maps with rectifiers between them.
  func mlp(_ x: Tensor, widths: [Int]) throws(GraphError) -> Tensor {
    var x = x
    for (n, width) in widths.enumerated() {
      if n > 0 { x = try self(.relu, x) }
      x = try self["layers.\(n)"].linear(x, width)
    }
    return x
  }
}
