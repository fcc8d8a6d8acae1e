/// The kind of a tensor's elements.
public enum ElementType: String, Sendable, Hashable {
  case float32, int64
}

/// How a parameter starts before training.
public enum Initializer: Sendable, Hashable {
  case zeros, ones
  case constant(Float)
  /// Normal with this standard deviation, cut off at two of them.
  case normal(Float)
  /// He's initialisation for a fan-in (arXiv 1502.01852): normal with variance 2 / fanIn.
  case he(fanIn: Int)
  /// Uniform in ±sqrt(3 / fanIn): variance 1 / fanIn, for linear maps without a rectifier.
  case lecun(fanIn: Int)
}

/// What a node computes from its operands. Shapes in the comments are those of the operands.
///
/// Every case has a twin in ONNX (`ONNXWriter`) and in the trainer (`GraphExecutor`), both tested
/// against PyTorch.
public enum Operation: Sendable, Hashable {
  /// A value given at each run.
  case input
  /// A trained value, looked up by the node's name.
  case parameter(Initializer)
  /// A value fixed in the graph, `[product(shape)]` in C order.
  case constant([Float])

  /// x `[N, C, H, W]`, w `[O, C/groups, kh, kw]`, optionally b `[O]`.
  case conv2d(stride: Int, padding: Int, groups: Int)
  /// x `[N, C, H, W]`, w `[C, O, k, k]`, optionally b `[O]`; kernel = stride + 2 · padding, so that the
  /// result is `stride` times as large.
  case convTranspose2d(stride: Int, padding: Int = 0)
  /// x `[…, I]`, w `[O, I]`, optionally b `[O]`.
  case linear
  /// a `[…, M, K]` · b `[…, K, N]` (or `[…, N, K]` if transposed); leading axes broadcast.
  case matmul(transposeB: Bool)
  /// softmax(q kᵀ · scale) v; q `[…, T, d]`, k and v `[…, S, d]`.
  case attention(scale: Float)

  case add, subtract, multiply, divide, maximum, minimum
  /// x · factor + offset.
  case affine(factor: Float, offset: Float)
  /// |x| to an integer or real power; x ≥ 0 for real ones.
  case power(Float)
  case relu, gelu, sigmoid, tanh, exponential, logarithm, squareRoot, sine, cosine, absolute
  /// log(1 + exp x), without overflow.
  case softplus
  /// x, through which no gradient flows back.
  case stopGradient
  case softmax(axis: Int)
  /// Over the last axis; optionally gamma, beta `[C]`.
  case layerNorm(epsilon: Float)
  /// x `[N, C, H, W]`, gamma, beta `[C]`.
  case groupNorm(groups: Int, epsilon: Float)

  case reshape([Int])
  case transpose([Int])
  case concatenate(axis: Int)
  case slice(axis: Int, start: Int, end: Int)
  /// Repeats axes of extent 1.
  case broadcast([Int])
  /// x, indices (int64, any shape): the axis is replaced by the shape of the indices.
  case gather(axis: Int)
  case sum(axes: [Int], keep: Bool)
  case mean(axes: [Int], keep: Bool)
  case reduceMaximum(axes: [Int], keep: Bool)
  /// x `[N, C, H, W]`, half-pixel centres (align_corners false), no anti-aliasing.
  case resizeBilinear(height: Int, width: Int)
  /// x `[N, C, H, W]`; kernel = stride.
  case averagePool(size: Int)
  case maxPool(size: Int)

  /// A short name for error messages and node names.
  public var label: String {
    let text = String(describing: self)
    return String(text.prefix { $0 != "(" })
  }
}
