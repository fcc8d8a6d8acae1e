import Foundation
public import SegSAM

/// How far chances are from what comes true.
public enum Calibration {
  /// The scaling of the chances' logits under which what came true is likeliest: logistic regression.
  ///
  /// - Parameters: as of `error`.
  /// - Returns: nil without both kinds, or where no finite scaling is best (they are apart for good).
  public static func fit(positives: [Double], negatives: [Double]) -> PresenceScaling? {
    guard let lowest = positives.min(), let highest = negatives.max(), lowest <= highest else {
      return nil
    }
    let samples =
      positives.map { LogisticFit.Sample(x: [logit($0)], isTrue: true) }
      + negatives.map { LogisticFit.Sample(x: [logit($0)], isTrue: false) }
    let fit = LogisticFit(samples, ridge: 1e-9)
    let (scale, offset) = (fit.weights[0], fit.intercepts[0])
    return scale > 0 && scale < 100 && abs(offset) < 100
      ? PresenceScaling(scale: scale, offset: offset) : nil
  }

  /// A chance after a scaling of its logit.
  static func scaled(_ chance: Double, by scaling: PresenceScaling) -> Double {
    scaling.chance(logit(chance))
  }

  private static func logit(_ chance: Double) -> Double {
    let p = min(max(chance, 1e-6), 1 - 1e-6)
    return log(p / (1 - p))
  }

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
  /// The share of queries for something absent that may still get a mask on `val`. On other patients it
  /// is more, and more again once the thresholds of few images are drawn towards the usual one
  /// (`scripts/set-presence-thresholds`): chosen so that 5 % are kept on patients of `val` that were
  /// left out.
  static let falseShare = 0.02
  static let most = 0.9

  /// What is known of one category: presence where it is shown, with what calling it absent would
  /// cost, and presence where it is not.
  private struct Samples {
    var shown: [(presence: Double, cost: Double)] = []
    var negatives: [Double] = []

    /// The threshold at which a false mask costs as much as so much DSC, and how many remain: just
    /// under a presence that was shown, so that this one still counts.
    func threshold(price: Double) -> (threshold: Double, remaining: Int) {
      var best = (threshold: 0.0, remaining: negatives.count)
      var least = price * Double(negatives.count)
      var (lost, below) = (0.0, 0)
      for each in shown {
        if each.presence > PresenceCalibration.most { break }
        while below < negatives.count, negatives[below] < each.presence { below += 1 }
        let remaining = negatives.count - below
        if lost + price * Double(remaining) < least {
          least = lost + price * Double(remaining)
          best = (each.presence, remaining)
        }
        lost += each.cost
      }
      return best
    }
  }

  /// Thresholds, at most 0.9, that leave masks on at most `falseShare` of the images of `val` where they are
  /// false and lose as little as they can of the mean DSC over pairs of data set and category: one
  /// price in DSC holds for a false mask of any category. Categories with fewer than five images of
  /// either kind are left out.
  ///
  /// - Parameter scaling: applied to the presence that was measured first.
  static func thresholds(
    _ tallies: [Tally], scaling: PresenceScaling? = nil
  ) -> [String: Double] {
    var samples: [String: Samples] = [:]
    for tally in tallies {
      let shown = tally.shown.compactMap { each in
        each.presence.map { (presence: $0, cost: each.binaryDice ?? 0) }
      }
      // Each pair's mean counts once.
      samples[tally.category, default: Samples()].shown += shown.map {
        ($0.presence, $0.cost / Double(shown.count))
      }
      samples[tally.category, default: Samples()].negatives += tally.negatives
    }
    samples = samples.filter { $1.shown.count >= 5 && $1.negatives.count >= 5 }
    for category in samples.keys {
      samples[category]?.shown.sort { $0.presence < $1.presence }
      samples[category]?.negatives.sort()
    }
    let absent = samples.values.reduce(0) { $0 + $1.negatives.count }
    func remaining(_ price: Double) -> Int {
      samples.values.reduce(0) { $0 + $1.threshold(price: price).remaining }
    }
    // By halves, in the price's logarithm: the lowest that is enough.
    var (low, high) = (log(1e-9), log(1e3))
    for _ in 0..<60 {
      let middle = (low + high) / 2
      if Double(remaining(exp(middle))) > falseShare * Double(absent) {
        low = middle
      } else {
        high = middle
      }
    }
    return samples.mapValues { each in
      let said = each.threshold(price: exp(high)).threshold
      let threshold = scaling.map { Calibration.scaled(said, by: $0) } ?? said
      return (min(most, threshold * 0.999) * 1000).rounded(.down) / 1000
    }
  }
}
