import NeuralGraph

/// Text-to-vision semantic enhancement (SEG-SAM, arXiv 2412.12660, section 3.3).
///
/// The description vectors f_t, joined by a summary token t_text, look at the image; what the summary
/// saw, t'_text, is fused into the prompt.
struct T2VSE {
  var configuration: NetworkConfiguration

  struct Result {
    /// t'_p: t_p and the text's token, `[N, P + 1, width]`.
    var prompt: Tensor
    /// What the text says before it has seen the image, `[N, width]`; all zero where there is none.
    var text: Tensor
  }

  /// - Parameters:
  ///   - text: f_t, `[N, aspects, textWidth]`, zero where an aspect is not given.
  ///   - hasText: `[N, 1]`, 1 or 0.
  ///   - image: f_v, `[N, T, width]`; `positions`: `[1, T, width]`.
  ///   - sparse: t_p, `[N, P, width]`.
  func callAsFunction(
    _ s: Scope, text: Tensor, hasText: Tensor, image: Tensor, positions: Tensor, sparse: Tensor
  ) throws(GraphError) -> Result {
    let c = configuration
    let n = text.extent(0)
    var (x, pure) = try read(s, text)
    let q = try s["norm2"].layerNorm(x)
    let keys = try s(.add, image, positions)
    x = try s(.add, x, s["cross"].attend(q, keys, image, heads: c.heads, inner: c.crossWidth))
    x = try s(.add, x, s["mlp"].mlp(s["norm3"].layerNorm(x), hidden: c.decoderMLP, c.width))
    let seen = try s(.slice(axis: 1, start: 0, end: 1), x)  // t'_text

    // t'_p = t_p ⊕ MLP(t'_text); a learned token stands where there is no text.
    let fused = try s["fuse"].mlp(s["norm4"].layerNorm(seen), hidden: c.decoderMLP, c.width)
    let silent = try s(
      .broadcast([n, 1, c.width]), s.parameter("no_text", [1, 1, c.width], .normal(0.02)))
    let has = try s(.reshape([n, 1, 1]), hasText)
    let hasNot = try s(.affine(factor: -1, offset: 1), has)
    let token = try s(.add, s(.multiply, fused, has), s(.multiply, silent, hasNot))
    return Result(
      prompt: try s(.concatenate(axis: 1), token, sparse),
      text: try s(.multiply, pure, hasText))
  }

  /// Sentence vectors have length 1; their members are brought to about that here, so that the small
  /// differences between descriptions (left and right) are learnt as fast as all else.
  func spread(_ s: Scope, _ text: Tensor) throws(GraphError) -> Tensor {
    try s(.affine(factor: Float(configuration.textWidth).squareRoot(), offset: 0), text)
  }

  /// t_text and f_t after they have looked at each other, `[N, aspects + 1, width]`, and what t_text
  /// became, `[N, width]`.
  func read(
    _ s: Scope, _ text: Tensor
  ) throws(GraphError) -> (tokens: Tensor, summary: Tensor) {
    let c = configuration
    let n = text.extent(0)
    let aspect = try s.parameter("aspects", [1, c.aspects, c.width], .normal(0.02))
    let ft = try s(.add, s["project"].linear(spread(s, text), c.width), aspect)
    let first = try s(
      .broadcast([n, 1, c.width]), s.parameter("t_text", [1, 1, c.width], .normal(0.02)))
    let x = try s(.concatenate(axis: 1), first, ft)
    let a = try s["norm1"].layerNorm(x)
    let seen = try s(.add, x, s["self"].attend(a, a, a, heads: c.heads, inner: c.width))
    return (seen, try s(.reshape([n, c.width]), s(.slice(axis: 1, start: 0, end: 1), seen)))
  }
}
