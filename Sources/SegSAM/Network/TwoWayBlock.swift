import NeuralGraph

/// SAM's two-way block: tokens attend to themselves and to the image, pass an MLP, and the image
/// attends back to them (arXiv 2304.02643, appendix A, "Lightweight mask decoder").
///
/// A departure: what enters a layer is normalised, not what leaves it, and every layer starts as
/// identity. Trained from scratch, SAM's order let the first self-attention drown what tells queries
/// apart (docs/decisions.md); here it stays in the residual stream, and tokens need no positions.
struct TwoWayBlock {
  var configuration: NetworkConfiguration

  /// - Parameters:
  ///   - tokens: `[N, T, width]`.
  ///   - image: `[N, grid², width]`; `positions`: `[1, grid², width]`.
  func callAsFunction(
    _ s: Scope, tokens: Tensor, image: Tensor, positions: Tensor
  ) throws(GraphError) -> (tokens: Tensor, image: Tensor) {
    let c = configuration
    let a = try s["norm1"].layerNorm(tokens)
    var t = try s(
      .add, tokens, s["self"].attend(a, a, a, heads: c.heads, inner: c.width, zero: true))
    t = try Self.look(
      s["token_to_image"], t, s["norm2"].layerNorm(t), image, positions, configuration: c)
    t = try s(
      .add, t, s["mlp"].mlp(s["norm3"].layerNorm(t), hidden: c.decoderMLP, c.width, zero: true))
    let told = try s["norm4"].layerNorm(t)
    let seated = try s(.add, s["norm5"].layerNorm(image), positions)
    let toTokens = try s["image_to_token"].attend(
      seated, told, told, heads: c.heads, inner: c.crossWidth, zero: true)
    return (t, try s(.add, image, toTokens))
  }

  /// tokens + what they see in the image.
  static func look(
    _ s: Scope, _ tokens: Tensor, _ normed: Tensor, _ image: Tensor, _ positions: Tensor,
    configuration c: NetworkConfiguration
  ) throws(GraphError) -> Tensor {
    let values = try s["norm"].layerNorm(image)
    let seen = try s.attend(
      normed, s(.add, values, positions), values, heads: c.heads, inner: c.crossWidth, zero: true)
    return try s(.add, tokens, seen)
  }
}
