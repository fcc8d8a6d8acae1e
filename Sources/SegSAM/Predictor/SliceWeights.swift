import func Foundation.exp

/// How much the slices around one count with it: by a Gaussian of their distance, as far as two standard
/// deviations.
enum SliceWeights {
  /// - Parameters:
  ///   - reach: the standard deviation, and `spacing` between slices, in millimetres.
  ///   - slices: how many there are.
  ///   - most: no more than so many on each side.
  /// - Returns: of the slice itself, of the next ones, and so on. The slice alone where no distance is known, or
  ///   where it is the only one.
  static func gaussian(reach: Double, spacing: Double?, slices: Int, most: Int) -> [Double] {
    guard reach > 0, let spacing, spacing > 0, slices > 1 else { return [1] }
    let last = min(Int(2 * reach / spacing), most, slices - 1)
    return (0...last).map { n in
      let distance = Double(n) * spacing / reach
      return exp(-distance * distance / 2)
    }
  }
}
