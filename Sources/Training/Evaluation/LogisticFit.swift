import Foundation

/// Logistic regression by Newton's method: the weights, and an intercept for each group of samples, under
/// which what came true is likeliest.
struct LogisticFit {
  struct Sample {
    var x: [Double]
    /// From 0.
    var group = 0
    var isTrue: Bool
  }

  private(set) var weights: [Double]
  private(set) var intercepts: [Double]

  /// - Parameters:
  ///   - samples: at least one; each with as many numbers.
  ///   - ridge: how much the squares of weights and intercepts cost, halved; more than 0.
  init(_ samples: [Sample], groups: Int = 1, ridge: Double) {
    weights = [Double](repeating: 0, count: samples.first?.x.count ?? 0)
    intercepts = [Double](repeating: 0, count: groups)
    var least = loss(samples, ridge)
    for _ in 0..<100 {
      guard let step = step(samples, ridge) else { break }
      var share = 1.0
      var next = self
      while share > 1e-6 {
        next.weights = zip(weights, step.weights).map { $0 - share * $1 }
        next.intercepts = zip(intercepts, step.intercepts).map { $0 - share * $1 }
        if next.loss(samples, ridge) < least { break }
        share /= 2
      }
      let reached = next.loss(samples, ridge)
      guard reached < least - 1e-13 * max(1, least) else { break }
      (self, least) = (next, reached)
    }
  }

  private func logit(_ sample: Sample) -> Double {
    zip(sample.x, weights).reduce(intercepts[sample.group]) { $0 + $1.0 * $1.1 }
  }

  private func loss(_ samples: [Sample], _ ridge: Double) -> Double {
    samples.reduce(ridge / 2 * (weights + intercepts).reduce(0) { $0 + $1 * $1 }) { sum, each in
      let z = logit(each)
      return sum + max(z, 0) + log1p(exp(-abs(z))) - (each.isTrue ? z : 0)
    }
  }

  /// The gradient through the Hessian's inverse. Intercepts among themselves have a diagonal only, and are
  /// eliminated (Schur's complement).
  private func step(
    _ samples: [Sample], _ ridge: Double
  ) -> (weights: [Double], intercepts: [Double])? {
    let (n, groups) = (weights.count, intercepts.count)
    // Of the Hessian: weights with weights, each intercept with weights, intercepts.
    var a = [[Double]](repeating: [Double](repeating: 0, count: n), count: n)
    var b = [[Double]](repeating: [Double](repeating: 0, count: n), count: groups)
    var d = [Double](repeating: ridge, count: groups)
    // Of the gradient: weights, intercepts.
    var g = weights.map { ridge * $0 }
    var h = intercepts.map { ridge * $0 }
    for i in 0..<n { a[i][i] = ridge }
    for each in samples {
      let p = 1 / (1 + exp(-logit(each)))
      let (error, curvature) = (p - (each.isTrue ? 1 : 0), p * (1 - p))
      for i in 0..<n {
        g[i] += error * each.x[i]
        b[each.group][i] += curvature * each.x[i]
        for j in 0...i { a[i][j] += curvature * each.x[i] * each.x[j] }
      }
      h[each.group] += error
      d[each.group] += curvature
    }
    for q in 0..<groups {
      for i in 0..<n {
        g[i] -= b[q][i] / d[q] * h[q]
        for j in 0...i { a[i][j] -= b[q][i] * b[q][j] / d[q] }
      }
    }
    guard let found = Self.solve(a, g) else { return nil }
    let others = (0..<groups).map { q in
      (h[q] - zip(b[q], found).reduce(0) { $0 + $1.0 * $1.1 }) / d[q]
    }
    return (found, others)
  }

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
