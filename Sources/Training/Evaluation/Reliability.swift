/// One bin of a reliability diagram: chances that were said alike, and how many came true.
public struct ReliabilityBin: Sendable, Codable, Hashable {
  public var count: Int
  /// Means over the bin, of the chance that was said and of what came true; nil where it is empty.
  public var said: Double?, cameTrue: Double?
}

extension Calibration {
  /// Bins of equal width over [0, 1], the lowest first.
  ///
  /// - Parameter positives: as of `error`; `negatives` likewise.
  public static func reliability(
    positives: [Double], negatives: [Double], bins: Int = 10
  ) -> [ReliabilityBin] {
    var sums = [(said: Double, true: Int, count: Int)](repeating: (0, 0, 0), count: max(bins, 0))
    func add(_ chance: Double, _ cameTrue: Int) {
      let at = min(max(Int(chance * Double(bins)), 0), bins - 1)
      sums[at].said += chance
      sums[at].true += cameTrue
      sums[at].count += 1
    }
    if bins > 0 {
      for chance in positives where chance.isFinite { add(chance, 1) }
      for chance in negatives where chance.isFinite { add(chance, 0) }
    }
    return sums.map { sum in
      let count = Double(sum.count)
      return ReliabilityBin(
        count: sum.count, said: sum.count == 0 ? nil : sum.said / count,
        cameTrue: sum.count == 0 ? nil : Double(sum.true) / count)
    }
  }
}
