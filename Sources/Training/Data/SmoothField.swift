/// A random plane without edges: a uniform cubic B-spline over random coefficients.
struct SmoothField {
  /// Knots across a side; few: a slow change.
  var knots: Int
  /// `(knots + 3)²` coefficients in [-1, 1], row by row.
  var coefficients: [Float]

  init(knots: Int, random: inout SeededRandom) {
    self.knots = knots
    coefficients = (0..<(knots + 3) * (knots + 3)).map { _ in random.uniform(-1, 1) }
  }

  /// Its values at the pixels of a square, `[size, size]`, times `scale`; within ± `scale`.
  func values(size: Int, scale: Float) -> [Float] {
    let side = knots + 3
    // Of each pixel: its first knot, and the weights of four.
    let places = (0..<size).map { n -> (Int, SIMD4<Float>) in
      let at = (Float(n) + 0.5) / Float(size) * Float(knots)
      let first = min(Int(at), knots - 1)
      return (first, Self.weights(at - Float(first)))
    }
    var out = [Float](repeating: 0, count: size * size)
    var line = [Float](repeating: 0, count: side)
    for y in 0..<size {
      let (row, down) = places[y]
      for k in 0..<side {
        line[k] = 0
        for j in 0..<4 { line[k] += down[j] * coefficients[(row + j) * side + k] }
      }
      for x in 0..<size {
        let (first, across) = places[x]
        let four = SIMD4(line[first], line[first + 1], line[first + 2], line[first + 3])
        out[y * size + x] = scale * (across * four).sum()
      }
    }
    return out
  }

  /// The four cubic B-splines that are not zero at `t` in [0, 1] of an interval.
  private static func weights(_ t: Float) -> SIMD4<Float> {
    let u = 1 - t
    return SIMD4(
      u * u * u, 3 * t * t * t - 6 * t * t + 4, 3 * u * u * u - 6 * u * u + 4, t * t * t) / 6
  }
}

/// An elastic deformation on top of a `Warp`: how far each pixel's source is shifted, in slice pixels,
/// `[size, size]` each.
struct Bend {
  var x: [Float], y: [Float]
}
