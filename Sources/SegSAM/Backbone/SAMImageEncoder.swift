import NeuralGraph

/// Segment Anything's image encoder (arXiv 2304.02643, section 3): a vision transformer
/// (arXiv 2010.11929) whose blocks attend within windows, a few of them to all (arXiv 2203.16527).
struct SAMImageEncoder {
  var configuration: SAMConfiguration
  /// See ``SAMNetwork/tables``.
  var tables: [String: Int] = [:]

  /// - Parameter image: `[N, 3, S, S]`, normalised.
  /// - Returns: `[N, promptWidth, grid, grid]`.
  func callAsFunction(_ s: Scope, _ image: Tensor) throws(GraphError) -> Tensor {
    let c = configuration
    let patches = try s["patch_embed.proj"].patches(image, c.width, side: c.patchSize)
    var x = try s(.transpose([0, 2, 3, 1]), patches)
    if c.hasAbsolutePositions {
      x = try s(.add, x, s.parameter("pos_embed", [1, c.grid, c.grid, c.width], .normal(0.02)))
    }
    for i in 0..<c.depth {
      let isGlobal = c.windowSize == 0 || c.globalBlocks.contains(i)
      x = try block(s["blocks.\(i)"], x, window: isGlobal ? nil : c.windowSize)
    }
    let plane = try s(.transpose([0, 3, 1, 2]), x)
    let narrow = try s["neck.1"].layerNorm2d(s["neck.0"].conv(plane, c.promptWidth, kernel: 1))
    return try s["neck.3"].layerNorm2d(s["neck.2"].conv(narrow, c.promptWidth))
  }

  /// A pre-norm block on `[N, h, w, C]`.
  private func block(_ s: Scope, _ x: Tensor, window: Int?) throws(GraphError) -> Tensor {
    let c = configuration
    let attention = SAMAttention(
      heads: c.heads, hasPositions: c.hasRelativePositions, tables: tables)
    let normed = try s["norm1"].layerNorm(x, epsilon: 1e-6)
    let seen: Tensor
    if let window {
      let windows = Windows(of: normed, side: window)
      seen = try windows.join(s, attention(s["attn"], windows.split(s, normed)))
    } else {
      seen = try attention(s["attn"], normed)
    }
    let y = try s(.add, x, seen)
    let input = try s["norm2"].layerNorm(y, epsilon: 1e-6)
    let hidden = try s(.gelu, s["mlp.lin1"].linear(input, c.encoderMLP))
    let sum = try s(.add, y, s["mlp.lin2"].linear(hidden, c.width))
    guard c.hasAdapters else { return sum }
    return try s(.add, sum, SAMAdapter.adapt(s["Adapter"], input))
  }
}

/// `[N, h, w, C]` cut into squares, zeros at the right and below where they do not fill it.
private struct Windows {
  let side: Int
  let shape: [Int]
  /// Squares across and down.
  let across: Int, down: Int

  init(of x: Tensor, side: Int) {
    self.side = side
    shape = x.shape
    down = (x.extent(1) + side - 1) / side
    across = (x.extent(2) + side - 1) / side
  }

  /// `[N · squares, side, side, C]`.
  func split(_ s: Scope, _ x: Tensor) throws(GraphError) -> Tensor {
    let (n, c) = (shape[0], shape[3])
    let tall = try pad(s, x, axis: 1, to: down * side)
    let whole = try pad(s, tall, axis: 2, to: across * side)
    let cut = try s(.reshape([n, down, side, across, side, c]), whole)
    return try s(
      .reshape([n * down * across, side, side, c]), s(.transpose([0, 1, 3, 2, 4, 5]), cut))
  }

  func join(_ s: Scope, _ x: Tensor) throws(GraphError) -> Tensor {
    let (n, c) = (shape[0], shape[3])
    let cut = try s(.reshape([n, down, across, side, side, c]), x)
    let whole = try s(
      .reshape([n, down * side, across * side, c]), s(.transpose([0, 1, 3, 2, 4, 5]), cut))
    let short = try trim(s, whole, axis: 1)
    return try trim(s, short, axis: 2)
  }

  private func pad(
    _ s: Scope, _ x: Tensor, axis: Int, to extent: Int
  ) throws(GraphError) -> Tensor {
    guard extent > x.extent(axis) else { return x }
    var missing = x.shape
    missing[axis] = extent - x.extent(axis)
    let zeros = try s(.broadcast(missing), s.constant([0], [1, 1, 1, 1]))
    return try s(.concatenate(axis: axis), x, zeros)
  }

  private func trim(_ s: Scope, _ x: Tensor, axis: Int) throws(GraphError) -> Tensor {
    guard shape[axis] < x.extent(axis) else { return x }
    return try s(.slice(axis: axis, start: 0, end: shape[axis]), x)
  }
}
