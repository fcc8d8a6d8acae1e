/// How far chances are from what comes true.
public enum Calibration {
  /// Expected calibration error (arXiv 1706.04599): over bins of equal width, the mean distance
  /// between the chance that was said and the share that came true, weighted by the bins' counts.
  ///
  /// - Parameters:
  ///   - positives: what was said, in [0, 1], where it came true; `negatives`: where it did not.
  /// - Returns: nil without any.
  public static func error(
    positives: [Double], negatives: [Double], bins: Int = 10
  ) -> Double? {
    let count = positives.count + negatives.count
    guard count > 0, bins > 0 else { return nil }
    // The sum of what was said less what came true: its size is the bin's error times its count.
    var gaps = [Double](repeating: 0, count: bins)
    func bin(_ chance: Double) -> Int { min(max(Int(chance * Double(bins)), 0), bins - 1) }
    for chance in positives { gaps[bin(chance)] += chance - 1 }
    for chance in negatives { gaps[bin(chance)] += chance }
    return gaps.reduce(0) { $0 + abs($1) } / Double(count)
  }
}

/// Fits, on `val`, the presence under which a category is called absent.
enum PresenceCalibration {
  /// The largest threshold that keeps 97 of 100 images that show the category, at most 0.5: an empty
  /// mask where the object is costs more than a mask where it is not. Categories with fewer than
  /// five images of either kind are left out.
  static func thresholds(_ tallies: [Tally]) -> [String: Double] {
    var positives: [String: [Double]] = [:]
    var negatives: [String: Int] = [:]
    for tally in tallies {
      positives[tally.category, default: []] += tally.positives
      negatives[tally.category, default: 0] += tally.negatives.count
    }
    var fitted: [String: Double] = [:]
    for (category, scores) in positives where scores.count >= 5 && negatives[category] ?? 0 >= 5 {
      let low = scores.sorted()[Int(Double(scores.count) * 0.03)]
      fitted[category] = (min(0.5, low * 0.999) * 1000).rounded(.down) / 1000
    }
    return fitted
  }
}
