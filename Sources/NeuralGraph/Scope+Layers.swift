extension Scope {
  /// x · weightᵀ + bias over the last axis; parameters `weight [out, in]`, `bias [out]`.
  public func linear(
    _ x: Tensor, _ out: Int, bias: Bool = true, zero: Bool = false
  ) throws(GraphError) -> Tensor {
    let width = x.extent(-1)
    let w = try weight([out, width], zero ? .zeros : .lecun(fanIn: width))
    guard bias else { return try self(.linear, x, w) }
    return try self(.linear, x, w, parameter("bias", [out], .zeros))
  }

  /// A layer's weight `[out, …]`, adapted where the builder says so.
  private func weight(_ shape: [Int], _ initial: Initializer) throws(GraphError) -> Tensor {
    let w = try parameter("weight", shape, initial)
    guard let lowRank = builder.lowRank, name.hasPrefix(lowRank.prefix) else { return w }
    let inner = shape.dropFirst().reduce(1, *)
    let a = try parameter(LowRank.parts.a, [inner, lowRank.rank], .lecun(fanIn: inner))
    let b = try parameter(LowRank.parts.b, [shape[0], lowRank.rank], .zeros)
    return try self(.add, w, self(.reshape(shape), self(.linear, b, a)))
  }

  /// A square convolution, padded so that stride 1 keeps the size.
  ///
  /// - Parameter zero: starts with weights that give 0.
  public func conv(
    _ x: Tensor, _ out: Int, kernel: Int = 3, stride: Int = 1, groups: Int = 1, bias: Bool = false,
    zero: Bool = false
  ) throws(GraphError) -> Tensor {
    let inner = x.extent(1) / groups
    let w = try weight(
      [out, inner, kernel, kernel], zero ? .zeros : .he(fanIn: inner * kernel * kernel))
    let operation = Operation.conv2d(stride: stride, padding: kernel / 2, groups: groups)
    guard bias else { return try self(operation, x, w) }
    return try self(operation, x, w, parameter("bias", [out], .zeros))
  }

  /// A transposed convolution whose kernel is its stride.
  public func convTranspose(
    _ x: Tensor, _ out: Int, stride: Int = 2
  ) throws(GraphError) -> Tensor {
    let w = try parameter("weight", [x.extent(1), out, stride, stride], .he(fanIn: x.extent(1)))
    return try self(.convTranspose2d(stride: stride), x, w, parameter("bias", [out], .zeros))
  }

  public func groupNorm(_ x: Tensor, groups: Int = 8) throws(GraphError) -> Tensor {
    let c = x.extent(1)
    return try self(
      .groupNorm(groups: groups, epsilon: 1e-5), x, parameter("weight", [c], .ones),
      parameter("bias", [c], .zeros))
  }

  public func layerNorm(_ x: Tensor, epsilon: Float = 1e-5) throws(GraphError) -> Tensor {
    let c = x.extent(-1)
    return try self(
      .layerNorm(epsilon: epsilon), x, parameter("weight", [c], .ones),
      parameter("bias", [c], .zeros))
  }

  /// Linear, ReLU, linear: `hidden` wide inside.
  ///
  /// - Parameter zero: starts with weights that give 0, so that a residual block starts as identity.
  public func mlp(
    _ x: Tensor, hidden: Int, _ out: Int, zero: Bool = false
  ) throws(GraphError) -> Tensor {
    let h = try self(.relu, self["fc1"].linear(x, hidden))
    return try self["fc2"].linear(h, out, zero: zero)
  }

  /// Multi-head attention of queries `[B, T, C]` over keys and values `[B, S, C]`, `inner` wide.
  ///
  /// - Parameter zero: starts with weights that give 0, so that a residual block starts as identity.
  public func attend(
    _ q: Tensor, _ k: Tensor, _ v: Tensor, heads: Int, inner: Int, zero: Bool = false
  ) throws(GraphError) -> Tensor {
    let width = q.extent(-1)
    let d = inner / heads
    func split(_ t: Tensor, _ part: String) throws(GraphError) -> Tensor {
      let p = try self[part].linear(t, inner)
      let r = try self(.reshape([t.extent(0), t.extent(1), heads, d]), p)
      return try self(.transpose([0, 2, 1, 3]), r)
    }
    let a = try self(
      .attention(scale: 1 / Float(d).squareRoot()), split(q, "q"), split(k, "k"), split(v, "v"))
    let t = try self(.transpose([0, 2, 1, 3]), a)
    let joined = try self(.reshape([q.extent(0), q.extent(1), inner]), t)
    return try self["out"].linear(joined, width, zero: zero)
  }
}
