import NeuralGraph

/// Segment Anything's prompt encoder (arXiv 2304.02643, section 3 and appendix A).
struct SAMPromptEncoder {
  var configuration: SAMConfiguration

  /// Box corners and clicks.
  ///
  /// - Parameters:
  ///   - places: `[N, P, 2]`, x and y as fractions of the square.
  ///   - kinds: `[N, P, 5]`, one-hot over `PointKind`.
  /// - Returns: `[N, P, promptWidth]`.
  func sparse(
    _ s: Scope, places: Tensor, kinds: Tensor
  ) throws(GraphError) -> Tensor {
    let width = configuration.promptWidth
    let (n, p) = (places.extent(0), places.extent(1))
    let table = try s(
      .concatenate(axis: 0), s["not_a_point_embed"].embedding(width),
      s["point_embeddings.0"].embedding(width), s["point_embeddings.1"].embedding(width),
      s["point_embeddings.2"].embedding(width), s["point_embeddings.3"].embedding(width))
    // "Not a point" has an embedding and no place.
    let isPoint = try s(
      .affine(factor: -1, offset: 1), s(.slice(axis: 2, start: 0, end: 1), kinds))
    let placed = try s(
      .multiply, fourier(s, places), s(.broadcast([n, p, width]), isPoint))
    return try s(.add, placed, s(.matmul(transposeB: false), kinds, table))
  }

  /// What is added to the image: of a mask prompt's logits `[N, 1, 4 · grid, 4 · grid]`, or of none.
  ///
  /// - Returns: `[N, promptWidth, grid, grid]`, or with ones for what is the same everywhere.
  func dense(_ s: Scope, _ mask: Tensor?) throws(GraphError) -> Tensor {
    let c = configuration
    guard let mask else {
      return try s(
        .reshape([1, c.promptWidth, 1, 1]), s["no_mask_embed"].embedding(c.promptWidth))
    }
    let m = s["mask_downscaling"]
    var x = try m["0"].patches(mask, c.maskChannels / 4, side: 2)
    x = try m(.gelu, m["1"].layerNorm2d(x))
    x = try m["3"].patches(x, c.maskChannels, side: 2)
    x = try m(.gelu, m["4"].layerNorm2d(x))
    return try m["6"].patches(x, c.promptWidth, side: 1)
  }

  /// The encodings of the image tokens' centres, `[1, grid², promptWidth]`.
  func grid(_ s: Scope) throws(GraphError) -> Tensor {
    let g = configuration.grid
    let centres = (0..<g).map { (Float($0) + 0.5) / Float(g) }
    var places: [Float] = []
    for y in centres {
      for x in centres { places += [x, y] }
    }
    return try fourier(s, s.constant(places, [1, g * g, 2]))
  }

  private func fourier(_ s: Scope, _ places: Tensor) throws(GraphError) -> Tensor {
    let frequencies = try s["pe_layer"].parameter(
      "positional_encoding_gaussian_matrix", [2, configuration.promptWidth / 2], .normal(1))
    let centred = try s(.affine(factor: 2, offset: -1), places)
    let angle = try s(
      .affine(factor: 2 * .pi, offset: 0), s(.matmul(transposeB: false), centred, frequencies))
    return try s(.concatenate(axis: -1), s(.sine, angle), s(.cosine, angle))
  }
}
