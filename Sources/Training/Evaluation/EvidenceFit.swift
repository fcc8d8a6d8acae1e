import Foundation
import SegSAM

/// Weighs what the network says of presence: logistic regression, by Newton's method, of what was there
/// on what was said, with an intercept for each pair of data set and category, since how often something
/// is asked for in vain is the corpus's and not the network's.
struct EvidenceFit {
  /// Of the weighed evidence; its offset is 0, which `Calibration.fit` finds for all pairs together.
  let scaling: PresenceScaling
  /// Pairs need so many images of either kind to count.
  static let least = 5

  private struct Sample {
    /// The query's head, the CO-token's, area, peak, vague.
    var x: [Double]
    var pair: Int
    var isThere: Bool
  }

  /// - Returns: nil where no pair has images enough of both kinds, where the evidence of most images is
  ///   not known (volumes asked whole), or where the heads say the contrary of what is there.
  init?(_ tallies: [Tally]) {
    let known = tallies.reduce(0) { $0 + $1.evidenceThere.count + $1.evidenceAbsent.count }
    let measured = tallies.reduce(0) { $0 + $1.positives.count + $1.negatives.count }
    guard 2 * known > measured else { return nil }
    var samples: [Sample] = []
    var pairs = 0
    for tally in tallies {
      let (there, absent) = (tally.evidenceThere, tally.evidenceAbsent)
      guard there.count >= Self.least, absent.count >= Self.least else { continue }
      for (each, isThere) in there.map({ ($0, true) }) + absent.map({ ($0, false) }) {
        guard let token = each.token else { continue }
        samples.append(
          Sample(
            x: [each.own, token, each.area, each.peak, each.vague], pair: pairs, isThere: isThere))
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
  private static func weights(of used: [Int], _ samples: [Sample], pairs: Int) -> [Double] {
    let n = used.count
    var (weights, intercepts) = (
      [Double](repeating: 0, count: n), [Double](repeating: 0, count: pairs)
    )
    func penalised(_ weights: [Double], _ intercepts: [Double]) -> Double {
      samples.reduce(ridge / 2 * (weights + intercepts).reduce(0) { $0 + $1 * $1 }) { sum, each in
        let z = zip(used, weights).reduce(intercepts[each.pair]) { $0 + each.x[$1.0] * $1.1 }
        return sum + max(z, 0) + log1p(exp(-abs(z))) - (each.isThere ? z : 0)
      }
    }
    var least = penalised(weights, intercepts)
    for _ in 0..<50 {
      // The Hessian: weights with weights, weights with each intercept; intercepts among themselves have
      // a diagonal only, and are eliminated (Schur's complement).
      var a = [[Double]](repeating: [Double](repeating: 0, count: n), count: n)
      var b = [[Double]](repeating: [Double](repeating: 0, count: n), count: pairs)
      var d = [Double](repeating: ridge, count: pairs)
      var g = weights.map { ridge * $0 }
      var h = intercepts.map { ridge * $0 }
      for i in 0..<n { a[i][i] = ridge }
      for each in samples {
        let z = zip(used, weights).reduce(intercepts[each.pair]) { $0 + each.x[$1.0] * $1.1 }
        let p = 1 / (1 + exp(-z))
        let (error, curvature) = (p - (each.isThere ? 1 : 0), p * (1 - p))
        for i in 0..<n {
          let xi = each.x[used[i]]
          g[i] += error * xi
          b[each.pair][i] += curvature * xi
          for j in 0...i { a[i][j] += curvature * xi * each.x[used[j]] }
        }
        h[each.pair] += error
        d[each.pair] += curvature
      }
      for q in 0..<pairs {
        for i in 0..<n {
          g[i] -= b[q][i] / d[q] * h[q]
          for j in 0...i { a[i][j] -= b[q][i] * b[q][j] / d[q] }
        }
      }
      guard let step = solve(a, g) else { break }
      let others = (0..<pairs).map { q in
        (h[q] - zip(b[q], step).reduce(0) { $0 + $1.0 * $1.1 }) / d[q]
      }
      var share = 1.0
      var found: (weights: [Double], intercepts: [Double], loss: Double)?
      while share > 1e-6 {
        let next = (
          zip(weights, step).map { $0 - share * $1 },
          zip(intercepts, others).map { $0 - share * $1 }
        )
        let loss = penalised(next.0, next.1)
        if loss < least {
          found = (next.0, next.1, loss)
          break
        }
        share /= 2
      }
      guard let found, found.loss < least - 1e-9 * max(1, least) else { break }
      (weights, intercepts, least) = found
    }
    var all = [Double](repeating: 0, count: 5)
    for (place, weight) in zip(used, weights) { all[place] = weight }
    return all
  }

  /// Keeps what tells there from absent for good from growing without end.
  private static let ridge = 0.1

  /// A symmetric system, of which the lower triangle is given, by Cholesky's factors; nil where it is not
  /// positive definite.
  private static func solve(_ matrix: [[Double]], _ right: [Double]) -> [Double]? {
    let n = right.count
    var l = matrix
    var x = right
    for i in 0..<n {
      for j in 0...i {
        var sum = l[i][j]
        for k in 0..<j { sum -= l[i][k] * l[j][k] }
        if i == j {
          guard sum > 0 else { return nil }
          l[i][i] = sum.squareRoot()
        } else {
          l[i][j] = sum / l[j][j]
        }
      }
      for k in 0..<i { x[i] -= l[i][k] * x[k] }
      x[i] /= l[i][i]
    }
    for i in (0..<n).reversed() {
      for k in i + 1..<n { x[i] -= l[k][i] * x[k] }
      x[i] /= l[i][i]
    }
    return x
  }
}
