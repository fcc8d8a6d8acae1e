import NeuralGraph

/// The decoder's transformer: tokens and image attend to each other, what leaves a layer is normalised
/// (arXiv 2304.02643, appendix A, "Lightweight mask decoder"). Our own ``TwoWayBlock`` departs from it.
struct SAMTwoWayTransformer {
  var configuration: SAMConfiguration
  /// `[N, T]`: 1 for tokens that count, 0 for those that the others do not see.
  var used: Tensor

  /// - Parameters:
  ///   - prompt: `[N, T, width]`, also added to the tokens wherever they ask or are asked.
  ///   - image: `[N, grid², width]`; `positions`: `[1, grid², width]`.
  func callAsFunction(
    _ s: Scope, prompt: Tensor, image: Tensor, positions: Tensor
  ) throws(GraphError) -> (tokens: Tensor, image: Tensor) {
    let c = configuration
    let narrow = c.promptWidth / c.attentionDownsampling
    var (t, i) = (prompt, image)
    for n in 0..<c.decoderDepth {
      let layer = s["layers.\(n)"]
      if n == 0 {
        t = try attend(layer["self_attn"], t, t, t, inner: c.promptWidth, seen: used)
      } else {
        let q = try s(.add, t, prompt)
        t = try s(
          .add, t, attend(layer["self_attn"], q, q, t, inner: c.promptWidth, seen: used))
      }
      t = try layer["norm1"].layerNorm(t)
      t = try look(layer["cross_attn_token_to_image"], t, prompt, i, positions)
      t = try layer["norm2"].layerNorm(t)
      let hidden = try s(.relu, layer["mlp.lin1"].linear(t, c.decoderMLP))
      t = try layer["norm3"].layerNorm(s(.add, t, layer["mlp.lin2"].linear(hidden, c.promptWidth)))
      let told = try attend(
        layer["cross_attn_image_to_token"], s(.add, i, positions), s(.add, t, prompt), t,
        inner: narrow, seen: used)
      i = try layer["norm4"].layerNorm(s(.add, i, told))
    }
    t = try look(s["final_attn_token_to_image"], t, prompt, i, positions)
    return (try s["norm_final_attn"].layerNorm(t), i)
  }

  /// tokens + what they see in the image.
  private func look(
    _ s: Scope, _ t: Tensor, _ prompt: Tensor, _ image: Tensor, _ positions: Tensor
  ) throws(GraphError) -> Tensor {
    let inner = configuration.promptWidth / configuration.attentionDownsampling
    let seen = try attend(
      s, s(.add, t, prompt), s(.add, image, positions), image, inner: inner, seen: nil)
    return try s(.add, t, seen)
  }

  /// Attention of queries `[N, T, C]` over keys and values `[N, S, C]`.
  ///
  /// - Parameter seen: `[N, S]`: keys at 0 get a score that leaves nothing of them.
  private func attend(
    _ s: Scope, _ q: Tensor, _ k: Tensor, _ v: Tensor, inner: Int, seen: Tensor?
  ) throws(GraphError) -> Tensor {
    let heads = configuration.decoderHeads
    let (n, d) = (q.extent(0), inner / heads)
    func split(_ t: Tensor, _ part: String) throws(GraphError) -> Tensor {
      let wide = try s(.reshape([n, t.extent(1), heads, d]), s[part].linear(t, inner))
      return try s(.transpose([0, 2, 1, 3]), wide)
    }
    var (queries, keys) = (try split(q, "q_proj"), try split(k, "k_proj"))
    if let seen {
      // A key's own column, which every query reads: 0, or far below all scores.
      let count = k.extent(1)
      let score = try s(
        .affine(factor: 1e5, offset: -1e5), s(.reshape([n, 1, count, 1]), seen))
      keys = try s(.concatenate(axis: 3), keys, s(.broadcast([n, heads, count, 1]), score))
      let one = try s(
        .broadcast([n, heads, q.extent(1), 1]), s.constant([1], [1, 1, 1, 1]))
      queries = try s(.concatenate(axis: 3), queries, one)
    }
    let a = try s(
      .attention(scale: 1 / Float(d).squareRoot()), queries, keys, split(v, "v_proj"))
    let joined = try s(
      .reshape([n, q.extent(1), inner]), s(.transpose([0, 2, 1, 3]), a))
    return try s["out_proj"].linear(joined, q.extent(2))
  }
}
