/// What a box around an object says of its mask beside where it is: that the mask reaches its sides, so
/// that nearly every row and every column in the box has a part of it (the box tightness prior; Lempitsky
/// et al., ICCV 2009; Hsu et al., NeurIPS 2019).
///
/// A network that is asked for something that it hardly knows is too careful rather than in the wrong
/// place. So its logits get a prior, the ellipse that the box is drawn around, and are raised, all by
/// the same, until they fill rows and columns.
struct BoxFit {
  /// In pixels of the slice, upper bounds exclusive.
  let columns: Range<Int>, rows: Range<Int>
  /// The share of rows, and of columns, that must be reached: people's boxes are not exact. Chosen on
  /// `val` with boxes that were exact and with such that were off by up to ten pixels a side.
  static let share = 0.85
  /// Of the ellipse in its middle, in logits; falls to 0 at its border, and as deep outside.
  static let ellipse: Float = 2
  /// The most that logits are raised by.
  static let most: Float = 8

  /// - Returns: nil for a run without a box, where the box spans several slices, in each of which the
  ///   object may be smaller, and where a mask or clicks that exclude say more of the shape.
  init?(_ run: QueryRun, width: Int, height: Int) {
    guard run.fitsBox, let lower = run.lower, let upper = run.upper, upper[2] - lower[2] <= 1,
      run.prior == nil, run.clicks.allSatisfy(\.isPositive)
    else { return nil }
    func pixels(_ axis: Int, _ extent: Int) -> Range<Int> {
      let from = Int(min(max(lower[axis].rounded(), 0), Double(extent - 1)))
      let to = Int(min(max(upper[axis].rounded(), 0), Double(extent)))
      return from..<max(from + 1, to)
    }
    columns = pixels(0, width)
    rows = pixels(1, height)
  }

  /// Changes logits of a slice, `[height, width]`.
  func fit(_ logits: inout [Float], width: Int) {
    guard columns.upperBound <= width, rows.upperBound * width <= logits.count else { return }
    addEllipse(to: &logits, width: width)
    let missing = missing(logits, width: width)
    guard missing > 0 else { return }
    for n in logits.indices { logits[n] += missing }
  }

  private func addEllipse(to logits: inout [Float], width: Int) {
    // Squares of distances from the middle, 1 at the border.
    func squares(_ range: Range<Int>, _ count: Int) -> [Float] {
      let (middle, half) = (
        Float(range.lowerBound + range.upperBound - 1) / 2, Float(range.count) / 2
      )
      return (0..<count).map { n in
        let d = (Float(n) - middle) / half
        return d * d
      }
    }
    let across = squares(columns, width)
    let down = squares(rows, logits.count / width)
    logits.withUnsafeMutableBufferPointer { logits in
      for (y, dy) in down.enumerated() {
        for (x, dx) in across.enumerated() {
          logits[y * width + x] += Self.ellipse * max(1 - dx - dy, -1)
        }
      }
    }
  }

  /// What logits of a slice lack, `[height, width]`, at least 0.
  func missing(_ logits: [Float], width: Int) -> Float {
    var across = [Float](repeating: -.infinity, count: columns.count)
    var down = [Float](repeating: -.infinity, count: rows.count)
    logits.withUnsafeBufferPointer { logits in
      for (n, y) in rows.enumerated() {
        for (m, x) in columns.enumerated() {
          let value = logits[y * width + x]
          across[m] = max(across[m], value)
          down[n] = max(down[n], value)
        }
      }
    }
    func reached(_ best: [Float]) -> Float {
      let missed = Int(Double(best.count - 1) * (1 - Self.share))
      return best.sorted()[missed]
    }
    let level = min(reached(across), reached(down))
    // Over 0, not at it.
    return level > 0 ? 0 : min(Self.most, 1e-3 - level)
  }
}
