/// What two solids share.
struct Cut: Solid {
  var solid: any Solid
  var by: any Solid
  var bounds: (lower: SIMD3<Double>, upper: SIMD3<Double>) { solid.bounds }
  func contains(_ p: SIMD3<Double>) -> Bool { solid.contains(p) && by.contains(p) }
}

/// A slanting hoop: between two elliptic cylinders, and thin along a plane that falls to the front.
struct Hoop: Solid {
  var outer: SIMD2<Double>
  var thickness: Double
  /// Height at the back, and how far it falls from there to the front.
  var z: Double, fall: Double
  var half: Double
  /// How much of it there is, from the back: 1 all round.
  var reach: Double

  var bounds: (lower: SIMD3<Double>, upper: SIMD3<Double>) {
    (
      SIMD3(-outer.x, -outer.y, z - fall - half), SIMD3(outer.x, outer.y, z + half)
    )
  }

  func contains(_ p: SIMD3<Double>) -> Bool {
    let front = (outer.y - p.y) / (2 * outer.y)
    guard front <= reach, abs(p.z - (z - fall * front)) <= half else { return false }
    let (x, y) = (p.x / outer.x, p.y / outer.y)
    let (u, v) = (p.x / (outer.x - thickness), p.y / (outer.y - thickness))
    return x * x + y * y <= 1 && u * u + v * v >= 1
  }
}

extension Anatomy {
  /// Ribs, within the wall; they have no names, they only look the part.
  mutating func ribs(_ random: inout SplitMix64) {
    for n in 0..<7 {
      let rib = Hoop(
        outer: wall - 3, thickness: 8, z: (50 + 25 * Double(n)) * build, fall: 52 * build,
        half: 5, reach: 0.45 + 0.06 * Double(n))
      add(rib, nil, random.uniform(260, 340))
    }
  }

  /// Vertebrae with the canal behind, and discs, which have no names.
  mutating func bones(_ random: inout SplitMix64) {
    let bodies = [
      "vertebra_L5", "vertebra_L4", "vertebra_L3", "vertebra_L2", "vertebra_L1", "vertebra_T12",
      "vertebra_T11",
    ]
    let back = 62 * build
    let (across, deep) = (23 * build * random.uniform(0.95, 1.05), 17 * build)
    let column = Column(center: SIMD2(0, back), radii: SIMD2(across, deep), z: -600...600)
    add(column, nil, 90)
    let level = 37 * build
    let cancellous = random.uniform(140, 200)
    for (n, name) in bodies.enumerated() {
      let middle = Double(n - 2) * level
      let height = middle - 14 * build...middle + 14 * build
      let cortex = Column(center: SIMD2(0, back), radii: SIMD2(across, deep), z: height)
      let spine = Column(
        center: SIMD2(0, back + 42 * build), radii: SIMD2(4, 16) * build,
        z: middle - 10 * build...middle + 6 * build)
      let arch = Column(
        center: SIMD2(0, back + 24 * build), radii: SIMD2(17, 13) * build,
        z: middle - 9 * build...middle + 9 * build)
      add(Composite(parts: [cortex, spine, arch]), name, 380)
      let inside = Column(
        center: SIMD2(0, back), radii: SIMD2(across - 3, deep - 3),
        z: height.lowerBound + 2...height.upperBound - 2)
      add(inside, name, cancellous, texture: 15)
    }
    let canal = Column(
      center: SIMD2(0, back + 24 * build), radii: SIMD2(10, 8) * build, z: -600...600)
    add(canal, nil, 30)
  }
}
