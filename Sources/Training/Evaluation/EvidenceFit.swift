import SegSAM

/// Weighs what the network says of presence: logistic regression of what was there on what was
/// said, with an intercept for each pair of data set and category, since how often something
/// is asked for in vain is the corpus's and not the network's.
struct EvidenceFit {
  /// Of the weighed evidence; its offset is 0, which `Calibration.fit` finds for all pairs together.
  let scaling: PresenceScaling
  /// Pairs need so many images of either kind to count.
  static let least = 5

  /// - Returns: nil where no pair has images enough of both kinds, where the evidence of most images is
  ///   not known (volumes asked whole), or where the heads say the contrary of what is there.
  init?(_ tallies: [Tally]) {
    let known = tallies.reduce(0) { $0 + $1.evidenceThere.count + $1.evidenceAbsent.count }
    let measured = tallies.reduce(0) { $0 + $1.positives.count + $1.negatives.count }
    guard 2 * known > measured else { return nil }
    var samples: [LogisticFit.Sample] = []
    var pairs = 0
    for tally in tallies {
      let (there, absent) = (tally.evidenceThere, tally.evidenceAbsent)
      guard there.count >= Self.least, absent.count >= Self.least else { continue }
      for (each, isThere) in there.map({ ($0, true) }) + absent.map({ ($0, false) }) {
        guard let token = each.token else { continue }
        // The query's head, the CO-token's, area, peak, vague.
        let x = [each.own, token, each.area, each.peak, each.vague]
        samples.append(.init(x: x, group: pairs, isTrue: isThere))
      }
      pairs += 1
    }
    guard !samples.isEmpty else { return nil }
    var used = [0, 1, 2, 3, 4]
    var weights = Self.weights(of: used, samples, pairs: pairs)
    // Both heads say the same thing in different words: where one has the wrong sign it only takes back
    // some of the other.
    for head in [0, 1] where weights[head] < 0 && weights[1 - head] > 0 {
      used.removeAll { $0 == head }
      weights = Self.weights(of: used, samples, pairs: pairs)
    }
    let heads = weights[0] + weights[1]
    guard heads > 1e-3, weights[0] >= 0, weights[1] >= 0, weights.allSatisfy(\.isFinite) else {
      return nil
    }
    scaling = PresenceScaling(
      scale: heads, token: weights[1] / heads, drawn: weights[2] / heads, peak: weights[3] / heads,
      vague: weights[4] / heads)
  }

  /// - Returns: five; 0 for what is not used.
  private static func weights(
    of used: [Int], _ samples: [LogisticFit.Sample], pairs: Int
  ) -> [Double] {
    let fit = LogisticFit(
      samples.map { each in
        var each = each
        each.x = used.map { each.x[$0] }
        return each
      }, groups: pairs, ridge: ridge)
    var all = [Double](repeating: 0, count: 5)
    for (place, weight) in zip(used, fit.weights) { all[place] = weight }
    return all
  }

  /// Keeps what tells there from absent for good from growing without end.
  private static let ridge = 0.1
}
