/// A body in space, in millimetres: x to the patient's left, y to the back, z up.
protocol Solid: Sendable {
  /// A cuboid that holds it.
  var bounds: (lower: SIMD3<Double>, upper: SIMD3<Double>) { get }
  func contains(_ point: SIMD3<Double>) -> Bool
}

/// An ellipsoid, turned about the front-back axis and then about the long axis of the body.
struct Ellipsoid: Solid {
  var center: SIMD3<Double>
  /// Half-lengths of the axes.
  var radii: SIMD3<Double>
  /// Tangents of half the angles: cos and sin of them are fractions, the same on any machine.
  var tilt = 0.0, twist = 0.0

  var volume: Double { 4.0 / 3 * 3.141592653589793 * radii.x * radii.y * radii.z }

  var bounds: (lower: SIMD3<Double>, upper: SIMD3<Double>) {
    let reach = SIMD3(repeating: radii.max())
    return tilt == 0 && twist == 0
      ? (center - radii, center + radii) : (center - reach, center + reach)
  }

  func contains(_ point: SIMD3<Double>) -> Bool {
    var p = point - center
    if twist != 0 { (p.x, p.y) = Self.turn(p.x, p.y, twist) }
    if tilt != 0 { (p.x, p.z) = Self.turn(p.x, p.z, tilt) }
    p /= radii
    return p.x * p.x + p.y * p.y + p.z * p.z <= 1
  }

  private static func turn(_ a: Double, _ b: Double, _ t: Double) -> (Double, Double) {
    let (c, s) = ((1 - t * t) / (1 + t * t), 2 * t / (1 + t * t))
    return (c * a + s * b, c * b - s * a)
  }
}

/// An upright cylinder of elliptic section.
struct Column: Solid {
  var center: SIMD2<Double>
  var radii: SIMD2<Double>
  var z: ClosedRange<Double>

  var bounds: (lower: SIMD3<Double>, upper: SIMD3<Double>) {
    (
      SIMD3(center.x - radii.x, center.y - radii.y, z.lowerBound),
      SIMD3(center.x + radii.x, center.y + radii.y, z.upperBound)
    )
  }

  func contains(_ p: SIMD3<Double>) -> Bool {
    let (x, y) = ((p.x - center.x) / radii.x, (p.y - center.y) / radii.y)
    return z.contains(p.z) && x * x + y * y <= 1
  }
}

/// A thick line through points, with a radius at each.
struct Tube: Solid {
  var points: [SIMD3<Double>]
  var radii: [Double]

  var bounds: (lower: SIMD3<Double>, upper: SIMD3<Double>) {
    var lower = SIMD3(repeating: Double.infinity)
    var upper = -lower
    for (p, r) in zip(points, radii) {
      lower = pointwiseMin(lower, p - SIMD3(repeating: r))
      upper = pointwiseMax(upper, p + SIMD3(repeating: r))
    }
    return (lower, upper)
  }

  func contains(_ p: SIMD3<Double>) -> Bool {
    for n in 0..<points.count - 1 {
      let (a, b) = (points[n], points[n + 1])
      let (along, off) = (b - a, p - a)
      let length = (along * along).sum()
      let t = length > 0 ? min(max((off * along).sum() / length, 0), 1) : 0
      let rest = off - along * t
      let radius = radii[n] + (radii[n + 1] - radii[n]) * t
      if (rest * rest).sum() <= radius * radius { return true }
    }
    return false
  }
}

/// What several hold together, without what some take away.
struct Composite: Solid {
  var parts: [any Solid]
  var without: [any Solid] = []

  var bounds: (lower: SIMD3<Double>, upper: SIMD3<Double>) {
    var lower = SIMD3(repeating: Double.infinity)
    var upper = -lower
    for part in parts {
      lower = pointwiseMin(lower, part.bounds.lower)
      upper = pointwiseMax(upper, part.bounds.upper)
    }
    return (lower, upper)
  }

  func contains(_ p: SIMD3<Double>) -> Bool {
    parts.contains { $0.contains(p) } && !without.contains { $0.contains(p) }
  }
}
