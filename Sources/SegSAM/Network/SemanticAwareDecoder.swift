import NeuralGraph

/// The semantic-aware decoder (SEG-SAM, arXiv 2412.12660, section 3.2), separate from SAM's.
///
/// Two departures from the paper: CO-tokens do not attend to each other and not back into the image,
/// so that a category added later changes no other's probability, and the branch runs once an image;
/// and each query has an SO-token of its own, so that queries never see each other.
struct SemanticAwareDecoder {
  var configuration: NetworkConfiguration

  /// What is in the image, from the CO-tokens.
  struct Classes {
    /// Logits of C_s, `[N, C]`.
    var logits: Tensor
    /// Σ_c C_s[c] · CO_c / Σ_c C_s[c], `[N, width]`.
    var context: Tensor
  }

  struct Result {
    /// The query's logit of M_s against background at 0, `[N, S/2, S/2]`.
    var mask: Tensor
    /// Logit that the query's object is in the image, `[N]`.
    var presence: Tensor
    /// For comparison with the CO embeddings, `[N, width]`.
    var embedding: Tensor
  }

  /// The CO-tokens before they have seen an image: `[C, width]`, a projection of each category's own
  /// text plus a learned residual.
  ///
  /// - Parameter text: `[C, aspects · textWidth]`.
  func categories(_ s: Scope, text: Tensor) throws(GraphError) -> Tensor {
    let c = configuration
    let residual = try s.parameter("co_residual", [text.extent(0), c.width], .zeros)
    let spread = try T2VSE(configuration: c).spread(s, text)
    return try s(.add, s["co_project"].linear(spread, c.width), residual)
  }

  /// - Parameters:
  ///   - categories: `[C, width]` of `categories(_:text:)`.
  ///   - image: f_v, `[N, T, width]`.
  func classify(
    _ s: Scope, categories: Tensor, image: Tensor, positions: Tensor
  ) throws(GraphError) -> Classes {
    let c = configuration
    let (n, count) = (image.extent(0), categories.extent(0))
    var x = try s(.broadcast([n, count, c.width]), s(.reshape([1, count, c.width]), categories))
    let keys = try s(.add, image, positions)
    x = try s(
      .add, x,
      s["co_cross"].attend(
        s["co_norm1"].layerNorm(x), keys, image, heads: c.heads, inner: c.crossWidth))
    x = try s(.add, x, s["co_mlp"].mlp(s["co_norm2"].layerNorm(x), hidden: c.width, c.width))
    let seen = try s["co_norm3"].layerNorm(x)
    let head = try s["co_head"].linear(seen, 1)
    let chance = try s(.sigmoid, head)  // [N, C, 1]
    let weighted = try s(.sum(axes: [1], keep: false), s(.multiply, seen, chance))
    let total = try s(
      .affine(factor: 1, offset: 1), s(.sum(axes: [1], keep: false), chance))
    return Classes(
      logits: try s(.reshape([n, count]), head), context: try s(.divide, weighted, total))
  }

  /// - Parameters:
  ///   - prompt: t'_p, `[N, P + 1, width]`; `text`: `[N, width]`; `context`: `[N, width]`; `maps`: see `Places`.
  func callAsFunction(
    _ s: Scope, prompt: Tensor, text: Tensor, context: Tensor, image: Tensor,
    features: ImageFeatures, maps: Tensor?, positions: Tensor
  ) throws(GraphError) -> Result {
    let c = configuration
    let n = prompt.extent(0)
    let tso = try s.parameter("t_so", [1, c.width], .normal(0.02))
    let told = try s(.add, s["told"].linear(text, c.width), tso)
    let so = try s(.add, s["context"].mlp(context, hidden: c.width, c.width), told)
    let start = try s(.concatenate(axis: 1), s(.reshape([n, 1, c.width]), so), prompt)
    let (t, i) = try TwoWayBlock(configuration: c)(
      s["block"], tokens: start, image: image, positions: positions)
    let last = try TwoWayBlock.look(
      s["final"], t, s["norm"].layerNorm(t), i, positions, configuration: c)
    let joined = try s["norm_out"].layerNorm(last)
    let token = try s(.slice(axis: 1, start: 0, end: 1), joined)  // [N, 1, width]

    // Coarse from what the image became, fine from the image's own features.
    let coarse = try compare(s["mask16"], token, i, side: c.grid)
    var at4 = try compare(s["mask4"], token, features.stride4, text: text)
    if let maps { at4 = try s(.add, at4, PromptMaps.logit(s["placed"], maps)) }
    let at2 = try compare(s["mask2"], token, features.stride2, text: text)
    let side = c.imageSize / 2
    func spread(_ x: Tensor) throws(GraphError) -> Tensor {
      try s(.resizeBilinear(height: side, width: side), x)
    }
    let mask = try s(.add, s(.add, spread(coarse), spread(at4)), at2)

    let flat = try s(.reshape([n, c.width]), token)
    return Result(
      mask: try s(.reshape([n, side, side]), mask),
      presence: try s(.reshape([n]), s["presence"].mlp(flat, hidden: c.width, 1)),
      embedding: try s["class"].mlp(flat, hidden: c.width, c.width))
  }

  /// What descriptions draw by themselves, without a decoder: the text's share of `compare` at
  /// strides 4 and 2.
  ///
  /// - Parameter text: `[B, K, width]`.
  /// - Returns: logits, `[B, K, S/2, S/2]`.
  func draw(
    _ s: Scope, text: Tensor, features: ImageFeatures
  ) throws(GraphError) -> Tensor {
    func compare(_ s: Scope, _ plane: Tensor) throws(GraphError) -> Tensor {
      try product(s, s["text"].linear(text, plane.extent(1)), plane)
    }
    let side = configuration.imageSize / 2
    let at4 = try compare(s["mask4"], features.stride4)
    return try s(
      .add, s(.resizeBilinear(height: side, width: side), at4),
      compare(s["mask2"], features.stride2))
  }

  /// token · feature at each place of a plane `[N, C, h, w]`: `[N, 1, h, w]`.
  private func compare(
    _ s: Scope, _ token: Tensor, _ plane: Tensor, text: Tensor
  ) throws(GraphError) -> Tensor {
    let (n, c) = (plane.extent(0), plane.extent(1))
    let byText = try s(.reshape([n, 1, c]), s["text"].linear(text, c))
    let weights = try s(.add, mlp3(s["hyper"], token, c), byText)
    return try product(s, weights, plane)
  }

  /// token · token of the image, `[N, T, width]`: `[N, 1, side, side]`.
  private func compare(
    _ s: Scope, _ token: Tensor, _ image: Tensor, side: Int
  ) throws(GraphError) -> Tensor {
    let c = configuration
    let weights = try mlp3(s["hyper"], token, c.crossWidth)
    let values = try s["project"].linear(image, c.crossWidth)
    let logits = try s(.matmul(transposeB: true), weights, values)
    return try s(.reshape([image.extent(0), 1, side, side]), logits)
  }
}
