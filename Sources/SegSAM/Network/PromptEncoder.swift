import NeuralGraph

/// Random Fourier features of a place in the image, as in SAM (arXiv 2304.02643, appendix A).
struct FourierPositions {
  var configuration: NetworkConfiguration

  /// The encoding of places, `[…, 2]` with x and y in [0, 1], as `[…, width]`.
  func callAsFunction(_ s: Scope, _ places: Tensor) throws(GraphError) -> Tensor {
    let half = configuration.width / 2
    let frequencies = try s.parameter("gaussian", [half, 2], .normal(1))
    let centred = try s(.affine(factor: 2, offset: -1), places)
    let angle = try s(
      .affine(factor: 2 * .pi, offset: 0), s(.linear, centred, frequencies))
    return try s(.concatenate(axis: -1), s(.sine, angle), s(.cosine, angle))
  }

  /// The encodings of the image tokens' centres, `[1, grid², width]`.
  func grid(_ s: Scope) throws(GraphError) -> Tensor {
    let g = configuration.grid
    var places: [Float] = []
    for y in 0..<g {
      for x in 0..<g {
        places.append((Float(x) + 0.5) / Float(g))
        places.append((Float(y) + 0.5) / Float(g))
      }
    }
    return try self(s, s.constant(places, [1, g * g, 2]))
  }
}

/// What a point of a prompt is; the order of the one-hot labels.
public enum PointKind: Int, Sendable, CaseIterable {
  case none, negative, positive, boxTopLeft, boxBottomRight
}

/// SAM's prompt encoder: box corners and clicks become tokens t_p (arXiv 2304.02643, section 3), and
/// maps beside them.
struct PromptEncoder {
  var configuration: NetworkConfiguration

  /// - Parameters:
  ///   - places: `[N, P, 2]`, x and y as fractions of the padded square.
  ///   - kinds: `[N, P, 5]`, one-hot over `PointKind`.
  func callAsFunction(
    _ s: Scope, places: Tensor, kinds: Tensor
  ) throws(GraphError) -> Places {
    var encoded = Places(sparse: try tokens(s, places: places, kinds: kinds))
    guard configuration.mapsPlaces == true else { return encoded }
    let drawing = PromptMaps(configuration: configuration)
    let maps = try drawing(s, places: places, kinds: kinds)
    encoded.maps = maps
    encoded.dense = try drawing.embedding(s["maps"], maps)
    return encoded
  }

  /// t_p, `[N, P, width]`.
  private func tokens(
    _ s: Scope, places: Tensor, kinds: Tensor
  ) throws(GraphError) -> Tensor {
    let c = configuration
    let (n, p) = (places.extent(0), places.extent(1))
    let embedding = try s.parameter(
      "kinds", [c.width, PointKind.allCases.count], .normal(0.02))
    let position = try FourierPositions(configuration: c)(s["positions"], places)
    // "Not a point" has an embedding and no place.
    let isPoint = try s(
      .affine(factor: -1, offset: 1), s(.slice(axis: 2, start: 0, end: 1), kinds))
    let placed = try s(.multiply, position, s(.broadcast([n, p, c.width]), isPoint))
    return try s(.add, placed, s(.linear, kinds, embedding))
  }
}
