/// Masks across the slices of a volume: a slice's logits count with its neighbours', by a Gaussian of their
/// distance. What slices err in by themselves they take out of one another.
struct MaskSmoothing {
  /// Of a slice's own logits, of the next ones', and so on: as far as two standard deviations.
  private let weights: [Float]

  /// - Parameters:
  ///   - reach: the standard deviation, and `spacing` between slices, in millimetres; without either each
  ///     slice stands for itself.
  init(reach: Double, spacing: Double?, slices: Int) {
    weights = SliceWeights.gaussian(reach: reach, spacing: spacing, slices: slices, most: 8)
      .map { Float($0) }
  }

  /// How many slices further must be known before a slice is drawn.
  var radius: Int { weights.count - 1 }

  /// What was decoded of one query in a slice, with M_b and M_s as it and its neighbours have them.
  ///
  /// - Parameter slices: by their places, among others.
  /// - Returns: nil where the slice itself is not among them.
  func mean(of slices: [(Int, DecodedQuery)], at index: Int) -> DecodedQuery? {
    guard var made = slices.first(where: { $0.0 == index })?.1, radius > 0 else { return nil }
    var total = weights[0]
    for (place, other) in slices where place != index && abs(place - index) <= radius {
      let weight = weights[abs(place - index)]
      total += weight
      Self.add(other.mask, times: weight, to: &made.mask)
      Self.add(other.semantic, times: weight, to: &made.semantic)
    }
    for i in made.mask.indices { made.mask[i] /= total }
    for i in made.semantic.indices { made.semantic[i] /= total }
    return made
  }

  private static func add(_ logits: [Float], times weight: Float, to sum: inout [Float]) {
    logits.withUnsafeBufferPointer { logits in
      sum.withUnsafeMutableBufferPointer { sum in
        for i in 0..<min(sum.count, logits.count) { sum[i] += weight * logits[i] }
      }
    }
  }
}
