import func Foundation.exp

/// Presence across the slices of a volume: what a slice says counts with what its neighbours say, by
/// a Gaussian of their distance, since an organ does not come and go from slice to slice.
struct SlicePresence {
  /// The Gaussian's standard deviation, in millimetres; chosen on `val`.
  static let reach = 3.0
  /// Of a slice's own logit, of the next ones', and so on: as far as two standard deviations.
  private let weights: [Double]
  /// Of each run: the logits of the slices, nil where nothing was asked.
  private var logits: [[Double?]]

  /// - Parameter spacing: between slices, in millimetres; nil where it is not known or there is one
  ///   slice only, and then each slice speaks for itself.
  init(spacing: Double?, slices: Int, runs: Int) {
    logits = [[Double?]](repeating: [Double?](repeating: nil, count: slices), count: runs)
    guard let spacing, spacing > 0, slices > 1 else {
      weights = [1]
      return
    }
    let last = min(Int(2 * Self.reach / spacing), 16, slices - 1)
    weights = (0...last).map { n in
      let distance = Double(n) * spacing / Self.reach
      return exp(-distance * distance / 2)
    }
  }

  /// How many slices further must be known before a slice is decided.
  var radius: Int { weights.count - 1 }

  mutating func note(_ logit: Double, run: Int, slice: Int) { logits[run][slice] = logit }

  /// The weighted mean of the logits around a slice; nil where the slice itself was not asked.
  func logit(run: Int, slice: Int) -> Double? {
    let mine = logits[run]
    guard mine[slice] != nil else { return nil }
    var (sum, total) = (0.0, 0.0)
    for k in max(0, slice - radius)...min(mine.count - 1, slice + radius) {
      guard let value = mine[k] else { continue }
      let weight = weights[abs(k - slice)]
      sum += weight * value
      total += weight
    }
    return sum / total
  }
}
