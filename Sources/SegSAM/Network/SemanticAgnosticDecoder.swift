import NeuralGraph

/// SAM's mask decoder, with features at strides 8, 4 and 2 and with the text compared with the
/// upscaled features, as in SegVol (arXiv 2311.13385, section 2.2). Gives M_b.
///
/// A departure: the text's summary is added to the output tokens at the start, so that what they look
/// for in the image is the query's from the first layer on (docs/decisions.md).
struct SemanticAgnosticDecoder {
  var configuration: NetworkConfiguration

  /// One mask for unambiguous prompts, three for ambiguous ones.
  static let maskCount = 4

  struct Result {
    /// Logits of the unambiguous mask, `[N, S/2, S/2]`.
    var mask: Tensor
    /// Logits of all four at stride 4, `[N, 4, S/4, S/4]`.
    var candidates: Tensor
    /// The predicted IoU of the four, `[N, 4]`.
    var iou: Tensor
  }

  /// - Parameters:
  ///   - prompt: t'_p, `[N, P + 1, width]`; `text`: `[N, width]`; `maps`: see `Places`.
  func callAsFunction(
    _ s: Scope, prompt: Tensor, text: Tensor, image: Tensor, features: ImageFeatures,
    maps: Tensor?, positions: Tensor
  ) throws(GraphError) -> Result {
    let c = configuration
    let n = prompt.extent(0)
    let count = Self.maskCount
    let told = try s(.reshape([n, 1, c.width]), s["told"].linear(text, c.width))
    let own = try s(
      .add, s.parameter("t_o", [1, count + 1, c.width], .normal(0.02)), told)
    var (t, i) = (try s(.concatenate(axis: 1), own, prompt), image)
    for index in 0..<c.decoderDepth {
      (t, i) = try TwoWayBlock(configuration: c)(
        s["blocks.\(index)"], tokens: t, image: i, positions: positions)
    }
    t = try TwoWayBlock.look(
      s["final"], t, s["norm"].layerNorm(t), i, positions, configuration: c)
    t = try s["norm_out"].layerNorm(t)

    let up = try upscale(s["upscale"], i, features, maps)  // [N, C, S/4, S/4]
    let channels = up.extent(1)
    let maskTokens = try s(.slice(axis: 1, start: 1, end: count + 1), t)
    let hyper = try mlp3(s["hyper"], maskTokens, channels)  // [N, 4, C]
    let byText = try s(.reshape([n, 1, channels]), s["text"].linear(text, channels))
    var candidates = try product(s, s(.add, hyper, byText), up)
    if let maps { candidates = try s(.add, candidates, PromptMaps.logit(s["placed"], maps)) }

    // The unambiguous mask gains detail from the image's features at stride 2.
    let f2 = features.stride2
    let (fine, c2) = (f2.extent(2), f2.extent(1))
    let one = try s(.slice(axis: 1, start: 0, end: 1), maskTokens)
    let byTextHere = try s(.reshape([n, 1, c2]), s["detail_text"].linear(text, c2))
    let detail = try s(.add, mlp3(s["detail"], one, c2), byTextHere)  // [N, 1, C2]
    let sharp = try s(.reshape([n, fine, fine]), product(s, detail, f2))
    let coarse = try s(
      .reshape([n, fine, fine]),
      s(
        .resizeBilinear(height: fine, width: fine),
        s(.slice(axis: 1, start: 0, end: 1), candidates)))

    let iouToken = try s(.reshape([n, c.width]), s(.slice(axis: 1, start: 0, end: 1), t))
    let iou = try s(.sigmoid, s["iou"].mlp(iouToken, hidden: c.width, count))
    return Result(mask: try s(.add, coarse, sharp), candidates: candidates, iou: iou)
  }

  private func upscale(
    _ s: Scope, _ i: Tensor, _ features: ImageFeatures, _ maps: Tensor?
  ) throws(GraphError) -> Tensor {
    let c = configuration
    let n = i.extent(0)
    let plane = try s(
      .transpose([0, 3, 1, 2]), s(.reshape([n, c.grid, c.grid, c.width]), i))
    var x = try s["up8"].convTranspose(plane, c.upscaled[0])
    if let skipped = features.stride8 {
      x = try s(.add, x, s["skip8"].conv(skipped, c.upscaled[0], kernel: 1, bias: true))
    }
    x = try s(.relu, s["norm8"].groupNorm(x))
    x = try s["up4"].convTranspose(x, c.upscaled[1])
    x = try s(.add, x, s["skip4"].conv(features.stride4, c.upscaled[1], kernel: 1, bias: true))
    if let maps { x = try s(.add, x, s["place4"].conv(maps, c.upscaled[1], zero: true)) }
    return try s(.relu, s["norm4"].groupNorm(x))
  }
}

/// weights `[N, K, C]` · feature at each place of a plane `[N, C, h, w]`: `[N, K, h, w]`.
func product(_ s: Scope, _ weights: Tensor, _ plane: Tensor) throws(GraphError) -> Tensor {
  let (n, c, h, w) = (plane.extent(0), plane.extent(1), plane.extent(2), plane.extent(3))
  let logits = try s(.matmul(transposeB: false), weights, s(.reshape([n, c, h * w]), plane))
  return try s(.reshape([n, weights.extent(1), h, w]), logits)
}

/// SAM's three-layer hypernetwork MLP.
func mlp3(_ s: Scope, _ x: Tensor, _ out: Int) throws(GraphError) -> Tensor {
  let width = x.extent(-1)
  let h1 = try s(.relu, s["0"].linear(x, width))
  let h2 = try s(.relu, s["1"].linear(h1, width))
  return try s["2"].linear(h2, out)
}
