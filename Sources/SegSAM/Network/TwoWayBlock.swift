import NeuralGraph

/// SAM's two-way block: tokens attend to themselves and to the image, pass an MLP, and the image
/// attends back to them (arXiv 2304.02643, appendix A, "Lightweight mask decoder").
struct TwoWayBlock {
  var configuration: NetworkConfiguration

  /// - Parameters:
  ///   - tokens: `[N, T, width]`; `tokenPositions` are added wherever tokens are queries or keys.
  ///   - image: `[N, grid², width]`; `positions`: `[1, grid², width]`.
  func callAsFunction(
    _ s: Scope, tokens: Tensor, tokenPositions: Tensor, image: Tensor, positions: Tensor
  ) throws(GraphError) -> (tokens: Tensor, image: Tensor) {
    let c = configuration
    func place(_ t: Tensor) throws(GraphError) -> Tensor { try s(.add, t, tokenPositions) }
    func seat(_ i: Tensor) throws(GraphError) -> Tensor { try s(.add, i, positions) }

    let self1 = try s["self"].attend(
      place(tokens), place(tokens), tokens, heads: c.heads, inner: c.width)
    var t = try s["norm1"].layerNorm(s(.add, tokens, self1))
    let toImage = try s["token_to_image"].attend(
      place(t), seat(image), image, heads: c.heads, inner: c.crossWidth)
    t = try s["norm2"].layerNorm(s(.add, t, toImage))
    t = try s["norm3"].layerNorm(s(.add, t, s["mlp"].mlp(t, hidden: c.decoderMLP, c.width)))
    let toTokens = try s["image_to_token"].attend(
      seat(image), place(t), t, heads: c.heads, inner: c.crossWidth)
    let i = try s["norm4"].layerNorm(s(.add, image, toTokens))
    return (t, i)
  }
}
