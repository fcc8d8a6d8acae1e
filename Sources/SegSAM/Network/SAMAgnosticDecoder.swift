import NeuralGraph

/// Segment Anything's own mask decoder as the semantic-agnostic one: what T2VSE's summary saw, t'_text, is
/// one more token of its prompt (SEG-SAM, arXiv 2412.12660, section 3.3). A prompt without a text is answered
/// as Segment Anything answers it.
struct SAMAgnosticDecoder {
  var configuration: NetworkConfiguration
  var sam: SAMConfiguration

  /// Box corners and clicks for the decoder.
  ///
  /// - Parameters:
  ///   - s: `sam`.
  ///   - places: `[N, P, 2]`; `kinds`: `[N, P, 5]`; a box stands first.
  /// - Returns: `[N, P, promptWidth]`, and 1 where the decoder sees one, `[N, P]`: with clicks but no box, "not a
  ///   point" in the first place as well.
  func places(
    _ s: Scope, places: Tensor, kinds: Tensor
  ) throws(GraphError) -> (sparse: Tensor, used: Tensor) {
    let (n, p) = (places.extent(0), places.extent(1))
    let sparse = try SAMPromptEncoder(configuration: sam).sparse(
      s["prompt_encoder"], places: places, kinds: kinds)
    let isNone = try s(.reshape([n, p]), s(.slice(axis: 2, start: 0, end: 1), kinds))
    let isPoint = try s(.affine(factor: -1, offset: 1), isNone)
    let used = try s(
      .concatenate(axis: 1), s(.reduceMaximum(axes: [1], keep: true), isPoint),
      s(.slice(axis: 1, start: 1, end: p), isPoint))
    return (sparse, used)
  }

  /// - Parameters:
  ///   - s: of the whole network.
  ///   - told: the text's token in t'_p, `[N, 1, width]`; `hasText`: `[N, 1]`: where it is 0 nobody sees it.
  ///   - embedding: `[N, grid², promptWidth]`, the grid being Segment Anything's.
  func callAsFunction(
    _ s: Scope, told: Tensor, hasText: Tensor, embedding: Tensor,
    places: (sparse: Tensor, used: Tensor)
  ) throws(GraphError) -> SemanticAgnosticDecoder.Result {
    let (n, side) = (embedding.extent(0), configuration.imageSize)
    let prompts = SAMPromptEncoder(configuration: sam)
    let theirs = s["sam.prompt_encoder"]
    let token = try s["t2vse.to_sam"].mlp(
      told, hidden: configuration.decoderMLP, sam.promptWidth)
    let plane = try s(
      .transpose([0, 3, 1, 2]), s(.reshape([n, sam.grid, sam.grid, sam.promptWidth]), embedding))
    let (masks, scores) = try SAMMaskDecoder(configuration: sam)(
      s["sam.mask_decoder"], image: s(.add, plane, prompts.dense(theirs, nil)),
      positions: prompts.grid(theirs), sparse: s(.concatenate(axis: 1), token, places.sparse),
      used: s(.concatenate(axis: 1), hasText, places.used))
    let one = try s(.slice(axis: 1, start: 0, end: 1), masks)
    return SemanticAgnosticDecoder.Result(
      mask: try s(.reshape([n, side / 2, side / 2]), resized(s, one, to: side / 2)),
      candidates: try resized(s, masks, to: side / 4), iou: scores)
  }

  private func resized(_ s: Scope, _ x: Tensor, to side: Int) throws(GraphError) -> Tensor {
    if x.extent(2) == side { return x }
    if x.extent(2) % side == 0 { return try s(.averagePool(size: x.extent(2) / side), x) }
    return try s(.resizeBilinear(height: side, width: side), x)
  }
}
