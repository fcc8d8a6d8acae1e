/// Between the slice's grid and the network's square. Network positions are continuous, pixel n
/// spanning n to n + 1: the square reaches from 0 to `side`; divide by `side` for [0, 1].
extension NetworkInput {
  /// Network pixels a slice pixel, across and down (they differ by rounding alone).
  public var scale: (x: Double, y: Double) {
    (Double(scaledWidth) / Double(width), Double(scaledHeight) / Double(height))
  }

  /// Where a click falls; integer slice coordinates are pixel centres.
  public func networkPoint(x: Double, y: Double) -> (x: Double, y: Double) {
    ((x + 0.5) * scale.x, (y + 0.5) * scale.y)
  }

  /// A box `[x0, y0, x1, y1]` with exclusive upper bounds, edge to edge.
  public func networkBox(
    x0: Double, y0: Double, x1: Double, y1: Double
  ) -> (x0: Double, y0: Double, x1: Double, y1: Double) {
    (x0 * scale.x, y0 * scale.y, x1 * scale.x, y1 * scale.y)
  }

  /// Logits `[s, s]` that cover the padded square, on the slice's own grid `[height, width]`;
  /// bilinear in one step, the padding left out.
  ///
  /// - Returns: nil where there are not `s × s` logits.
  public func resizeLogits(
    _ logits: [Float], side s: Int, toWidth: Int, height toHeight: Int
  ) -> [Float]? {
    guard s > 0, logits.count == s * s, toWidth > 0, toHeight > 0 else { return nil }
    let cell = Double(s) / Double(side)
    return Resampling.apply(
      logits, width: s, height: s,
      across: Resampling.Weights(
        input: s, output: toWidth, step: Double(scaledWidth) / Double(toWidth) * cell,
        averaging: false),
      down: Resampling.Weights(
        input: s, output: toHeight, step: Double(scaledHeight) / Double(toHeight) * cell,
        averaging: false))
  }

  /// Logits on the grid of the slice that this was made from.
  public func resizeLogits(_ logits: [Float], side s: Int) -> [Float]? {
    resizeLogits(logits, side: s, toWidth: width, height: height)
  }

  /// A slice's labels on a grid of `s × s` over the padded square: of each cell, the label at its
  /// centre, 0 in the padding. What the network is trained towards.
  ///
  /// - Returns: nil for a map of another size than the slice.
  public func resizeLabels(_ map: LabelMap, slice: Int = 0, side s: Int) -> [UInt16]? {
    guard map.width == width, map.height == height, (0..<map.depth).contains(slice), s > 0 else {
      return nil
    }
    let cell = Double(side) / Double(s)
    let start = slice * width * height
    let columns = (0..<s).map { Int(((Double($0) + 0.5) * cell / scale.x).rounded(.down)) }
    let lines = (0..<s).map { Int(((Double($0) + 0.5) * cell / scale.y).rounded(.down)) }
    var result = [UInt16](repeating: 0, count: s * s)
    for (v, y) in lines.enumerated() where y < height {
      for (u, x) in columns.enumerated() where x < width {
        result[v * s + u] = map.labels[start + y * width + x]
      }
    }
    return result
  }
}
