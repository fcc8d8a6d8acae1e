import NeuralGraph

/// Segment Anything's mask decoder (arXiv 2304.02643, section 3 and appendix A).
struct SAMMaskDecoder {
  var configuration: SAMConfiguration

  /// - Parameters:
  ///   - image: `[N, promptWidth, grid, grid]`, the prompt's dense part added.
  ///   - positions: `[1, grid², promptWidth]`.
  ///   - sparse: `[N, P, promptWidth]`; `used`: `[N, P]`, see ``SAMNetwork/decoderGraph``.
  /// - Returns: logits `[N, masks, 4 · grid, 4 · grid]`, and the predicted IoU `[N, masks]`.
  func callAsFunction(
    _ s: Scope, image: Tensor, positions: Tensor, sparse: Tensor, used: Tensor
  ) throws(GraphError) -> (masks: Tensor, scores: Tensor) {
    let c = configuration
    let (n, own) = (sparse.extent(0), 1 + c.maskCount)
    let learned = try s(
      .concatenate(axis: 0), s["iou_token"].embedding(c.promptWidth),
      s["mask_tokens"].embedding(c.promptWidth, rows: c.maskCount))
    let output = try s(
      .broadcast([n, own, c.promptWidth]), s(.reshape([1, own, c.promptWidth]), learned))
    let ones = try s(.broadcast([n, own]), s.constant([1], [1, 1]))
    let (t, i) = try SAMTwoWayTransformer(
      configuration: c, used: s(.concatenate(axis: 1), ones, used))(
        s["transformer"], prompt: s(.concatenate(axis: 1), output, sparse),
        image: tokens(s, image), positions: positions)

    let up = try upscale(s["output_upscaling"], i)
    var weights: [Tensor] = []
    for m in 0..<c.maskCount {
      let token = try s(.slice(axis: 1, start: m + 1, end: m + 2), t)
      weights.append(
        try s["output_hypernetworks_mlps.\(m)"].mlp(
          token, widths: [c.promptWidth, c.promptWidth, up.extent(1)]))
    }
    let masks = try product(s, s.concatenate(weights, axis: 1), up)
    let first = try s(
      .reshape([n, c.promptWidth]), s(.slice(axis: 1, start: 0, end: 1), t))
    let widths =
      [Int](repeating: c.scoreWidth, count: c.scoreDepth - 1) + [c.maskCount]
    return (masks, try s["iou_prediction_head"].mlp(first, widths: widths))
  }

  /// Image tokens as a plane four times as large, `[N, promptWidth / 8, 4 · grid, 4 · grid]`.
  private func upscale(_ s: Scope, _ image: Tensor) throws(GraphError) -> Tensor {
    let c = configuration
    let plane = try s(
      .transpose([0, 3, 1, 2]),
      s(.reshape([image.extent(0), c.grid, c.grid, c.promptWidth]), image))
    let twice = try s["0"].convTranspose(plane, c.promptWidth / 4)
    let h = try s(.gelu, s["1"].layerNorm2d(twice))
    return try s(.gelu, s["3"].convTranspose(h, c.promptWidth / 8))
  }
}
