import NeuralGraph

/// Σ weight · x / Σ weight over all elements; 0 where all weights are.
func average(_ l: Scope, _ x: Tensor, _ weight: Tensor) throws(GraphError) -> Tensor {
  let axes = Array(x.shape.indices)
  let total = try l(.sum(axes: axes, keep: false), l(.multiply, x, weight))
  let weights = try l(.affine(factor: 1, offset: 1e-6), l(.sum(axes: axes, keep: false), weight))
  return try l(.divide, total, weights)
}

/// Focal loss with γ = 2, the sum over a mask divided by its object's area (arXiv 1708.02002, section
/// 4, divides by the number of positives): `[N, h, w]` to `[N]`. The area counts as `h w / 128` more,
/// so that an absent or tiny object has a finite share.
///
/// - Parameter target: in [0, 1]; soft at borders.
func focalLoss(_ l: Scope, _ logits: Tensor, _ target: Tensor) throws(GraphError) -> Tensor {
  let entropy = try binaryCrossEntropy(l, logits, target)
  // |p − t| is 1 − p_t for hard targets, and vanishes with the error for soft ones.
  let error = try l(.absolute, l(.subtract, l(.sigmoid, logits), target))
  func sum(_ x: Tensor) throws(GraphError) -> Tensor { try l(.sum(axes: [1, 2], keep: false), x) }
  let least = Float(target.extent(1) * target.extent(2)) / 128
  return try l(
    .divide, sum(l(.multiply, entropy, l(.power(2), error))),
    l(.affine(factor: 1, offset: least), sum(target)))
}

/// softplus(x) − x t, elementwise.
func binaryCrossEntropy(
  _ l: Scope, _ logits: Tensor, _ target: Tensor
) throws(GraphError) -> Tensor {
  try l(.subtract, l(.softplus, logits), l(.multiply, logits, target))
}

/// 1 − Dice of probabilities (arXiv 1606.04797, with squares in the denominator): `[N, h, w]` to `[N]`.
func diceLoss(_ l: Scope, _ chance: Tensor, _ target: Tensor) throws(GraphError) -> Tensor {
  func sum(_ x: Tensor) throws(GraphError) -> Tensor { try l(.sum(axes: [1, 2], keep: false), x) }
  let both = try l(.affine(factor: 2, offset: 1), sum(l(.multiply, chance, target)))
  let either = try l(
    .affine(factor: 1, offset: 1), l(.add, sum(l(.power(2), chance)), sum(l(.power(2), target))))
  return try l(.affine(factor: -1, offset: 1), l(.divide, both, either))
}

/// |a ∩ b| / |a ∪ b| of probabilities, smoothed by one pixel: `[N, h, w]` to `[N]`.
func softIoU(_ l: Scope, _ a: Tensor, _ b: Tensor) throws(GraphError) -> Tensor {
  func sum(_ x: Tensor) throws(GraphError) -> Tensor { try l(.sum(axes: [1, 2], keep: false), x) }
  let both = try l(.multiply, a, b)
  let either = try l(.subtract, l(.add, a, b), both)
  return try l(
    .divide, l(.affine(factor: 1, offset: 1), sum(both)),
    l(.affine(factor: 1, offset: 1), sum(either)))
}
