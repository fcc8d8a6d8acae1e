/// Presence across the slices of a volume: what a slice says counts with what its neighbours say, by
/// a Gaussian of their distance, since an organ does not come and go from slice to slice. For the same
/// reason two thresholds decide (hysteresis, as in Canny's edges, IEEE PAMI 8, 1986): a slice over the
/// lower one counts where an unbroken row of such slices leads to one over the upper.
struct SlicePresence {
  /// What is known of an object in a slice.
  enum State { case unknown, absent, joined, present }
  /// The Gaussian's standard deviation, in millimetres; chosen on `val`.
  static let reach = 3.0
  /// Of a slice's own logit, of the next ones', and so on: as far as two standard deviations.
  private let weights: [Double]
  /// Of each run: the logits of the slices, nil where nothing was asked.
  private var logits: [[Double?]]
  /// Of each run and slice; `joined`: over the lower threshold, and not yet joined to anything.
  private var states: [[State]]

  /// - Parameter spacing: between slices, in millimetres; nil where it is not known or there is one
  ///   slice only, and then each slice speaks for itself.
  init(spacing: Double?, slices: Int, runs: Int) {
    logits = [[Double?]](repeating: [Double?](repeating: nil, count: slices), count: runs)
    states = [[State]](repeating: [State](repeating: .unknown, count: slices), count: runs)
    weights = SliceWeights.gaussian(
      reach: Self.reach, spacing: spacing, slices: slices, most: 16)
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

  /// Decides a slice, those below it having been decided, and with it what waits below it.
  ///
  /// - Parameters:
  ///   - chance: nil where the slice was not asked, which neither joins nor parts.
  ///   - lower: at most `upper`.
  mutating func decide(run: Int, slice: Int, chance: Double?, upper: Double, lower: Double) {
    let before = slice > 0 ? states[run][slice - 1] : .absent
    let state: State
    switch chance {
    case let chance? where chance >= upper: state = .present
    case let chance? where chance >= lower: state = before == .present ? .present : .joined
    case nil: state = before
    default: state = .absent
    }
    states[run][slice] = state
    if state != .joined { settle(run, below: slice, as: state) }
  }

  /// After the last slice: what waits is joined to nothing.
  mutating func end() {
    for run in states.indices { settle(run, below: states[run].count, as: .absent) }
  }

  private mutating func settle(_ run: Int, below slice: Int, as state: State) {
    for k in (0..<slice).reversed() {
      guard states[run][k] == .joined else { return }
      states[run][k] = state
    }
  }

  /// Whether it is decided of all runs in a slice.
  func isSettled(slice: Int) -> Bool {
    states.allSatisfy { $0[slice] == .present || $0[slice] == .absent }
  }

  func isPresent(run: Int, slice: Int) -> Bool { states[run][slice] == .present }
}
