/// One made-up person's organs. Lengths in mm; x to the patient's left, y to the back, z up from L3.
struct Anatomy {
  /// Label n is `categories[n - 1]`.
  static let categories = [
    "liver", "spleen", "left_kidney", "right_kidney", "stomach", "pancreas", "aorta",
    "inferior_vena_cava", "gallbladder", "urinary_bladder", "left_lung", "right_lung",
    "vertebra_T11", "vertebra_T12", "vertebra_L1", "vertebra_L2", "vertebra_L3", "vertebra_L4",
    "vertebra_L5",
  ]

  /// In the order of painting.
  private(set) var tissues: [Tissue] = []
  /// Of the whole body, about 1.
  let build: Double
  /// What the wall of the trunk encloses.
  private let cavity: Column
  /// Half-widths of the wall's muscles, outside.
  let wall: SIMD2<Double>

  init(_ random: inout SplitMix64) {
    build = random.uniform(0.92, 1.08)
    let outer = SIMD2(165 * random.uniform(0.96, 1.04), 112) * build
    let skin = random.uniform(10, 26)
    wall = outer - skin
    cavity = Column(center: SIMD2(0, 0), radii: wall - 14, z: -600...600)
    trunk(outer, &random)
    ribs(&random)
    chest(&random)
    bowel(&random)
    upper(&random)
    retroperitoneum(&random)
    bones(&random)
    vessels(&random)
  }

  mutating func add(
    _ solid: any Solid, _ category: String?, _ hounsfield: Double, texture: Double = 0
  ) {
    tissues.append(
      Tissue(solid: solid, category: category, hounsfield: hounsfield, texture: texture))
  }

  /// A point moved a little, grown with the body.
  func near(
    _ x: Double, _ y: Double, _ z: Double, _ play: Double, _ random: inout SplitMix64
  ) -> SIMD3<Double> {
    SIMD3(
      x + random.uniform(-play, play), y + random.uniform(-play, play) * 0.6,
      z + random.uniform(-play, play)) * build
  }

  func grown(
    _ x: Double, _ y: Double, _ z: Double, _ random: inout SplitMix64
  ) -> SIMD3<Double> {
    SIMD3(x, y, z) * build
      * SIMD3(random.uniform(0.92, 1.08), random.uniform(0.92, 1.08), random.uniform(0.92, 1.08))
  }

  /// As `add`, of what lies within the cavity alone.
  private mutating func place(
    _ solid: any Solid, _ category: String?, _ hounsfield: Double, texture: Double = 0
  ) {
    add(Cut(solid: solid, by: cavity), category, hounsfield, texture: texture)
  }

  private mutating func trunk(_ outer: SIMD2<Double>, _ random: inout SplitMix64) {
    let all = -600.0...600.0
    func filled(_ radii: SIMD2<Double>) -> Column {
      Column(center: SIMD2(0, 0), radii: radii, z: all)
    }
    add(filled(outer), nil, 20)
    add(filled(outer - 2), nil, -105, texture: 8)
    add(filled(wall), nil, 55, texture: 6)
    add(filled(wall - 13), nil, -100, texture: 8)
    // The muscles of the back, and the two beside the spine.
    for side in [-1.0, 1] {
      let back = SIMD2(side * 34, 82) * build
      add(Column(center: back, radii: SIMD2(30, 20) * build, z: all), nil, 55, texture: 6)
      let psoas = SIMD2(side * 42, 44) * build
      add(
        Column(center: psoas, radii: SIMD2(17, 20) * build, z: -600...(-5)), nil, 58, texture: 5)
    }
  }

  private mutating func chest(_ random: inout SplitMix64) {
    let lungs: [(String, Double)] = [("right_lung", -1), ("left_lung", 1)]
    for (name, side) in lungs {
      let solid = Ellipsoid(
        center: near(side * 76, 8, 205, 4, &random), radii: grown(56, 76, 105, &random))
      place(solid, name, random.uniform(-850, -780), texture: 25)
    }
    let heart = Ellipsoid(center: near(16, -34, 195, 4, &random), radii: grown(46, 40, 62, &random))
    place(heart, nil, random.uniform(110, 150), texture: 8)
  }

  /// Loops that have no name here, some with gas.
  private mutating func bowel(_ random: inout SplitMix64) {
    for _ in 0..<26 {
      let center = near(
        random.uniform(-80, 80), random.uniform(-50, 15), random.uniform(-190, -20), 0, &random)
      let radius = random.uniform(11, 20)
      let solid = Ellipsoid(
        center: center, radii: SIMD3(radius * random.uniform(1, 1.8), radius, radius))
      place(solid, nil, random.uniform(15, 60), texture: 10)
      guard random.uniform() < 0.35 else { continue }
      let gas = center - SIMD3(0, radius * 0.35, 0)
      place(
        Ellipsoid(center: gas, radii: SIMD3(radius * 0.7, radius * 0.5, radius * 0.6)), nil, -900)
    }
  }

  private mutating func upper(_ random: inout SplitMix64) {
    let brightness = random.uniform(95, 125)
    let right = Ellipsoid(
      center: near(-74, -4, 68, 5, &random), radii: grown(68, 72, 74, &random),
      tilt: random.uniform(-0.1, 0.1))
    let left = Ellipsoid(
      center: near(-8, -46, 88, 5, &random), radii: grown(62, 30, 36, &random),
      tilt: random.uniform(-0.15, 0.05))
    place(Composite(parts: [right, left]), "liver", brightness, texture: 5)
    place(
      Ellipsoid(
        center: near(88, 28, 78, 4, &random), radii: grown(24, 42, 50, &random),
        twist: random.uniform(-0.2, 0.05)), "spleen", brightness + random.uniform(5, 20),
      texture: 5)
    let center = near(52, -36, 70, 5, &random)
    let wall = Ellipsoid(center: center, radii: grown(42, 36, 46, &random), tilt: -0.2)
    place(wall, "stomach", random.uniform(60, 80))
    let filling = Ellipsoid(
      center: center, radii: wall.radii - SIMD3(repeating: 4), tilt: -0.2)
    place(filling, "stomach", random.uniform(10, 40), texture: 12)
    // The patient lies on the back: gas gathers in front.
    let level = center.y - wall.radii.y * random.uniform(0.2, 0.5)
    let front = Column(
      center: SIMD2(center.x, level - 200), radii: SIMD2(4000, 200), z: -600...600)
    place(Cut(solid: filling, by: front), "stomach", -950)
  }

  private mutating func retroperitoneum(_ random: inout SplitMix64) {
    let head = near(-30, 0, 4, 3, &random)
    let pancreas = Tube(
      points: [
        head, near(-18, -8, 16, 3, &random), near(18, -10, 26, 3, &random),
        near(48, 6, 36, 3, &random), near(72, 20, 46, 3, &random),
      ],
      radii: [14, 11, 10, 9, 8].map { $0 * build * random.uniform(0.92, 1.08) })
    place(pancreas, "pancreas", random.uniform(80, 105), texture: 10)
    let kidneys: [(String, Double, Double)] = [("right_kidney", -1, -6), ("left_kidney", 1, 8)]
    for (name, side, z) in kidneys {
      let center = near(side * 64, 46, z, 4, &random)
      let body = Ellipsoid(
        center: center, radii: grown(26, 24, 54, &random), tilt: side * 0.1, twist: side * 0.15)
      let sinus = Ellipsoid(
        center: center - SIMD3(side * 24 * build, 4, 0), radii: SIMD3(20, 10, 18) * build)
      place(
        Composite(parts: [body], without: [sinus]), name, random.uniform(170, 200), texture: 12)
    }
    place(
      Ellipsoid(
        center: near(-52, -56, 14, 3, &random), radii: grown(15, 17, 27, &random),
        tilt: random.uniform(-0.2, 0.2)), "gallbladder", random.uniform(5, 18))
    place(
      Ellipsoid(center: near(0, -22, -168, 4, &random), radii: grown(40, 34, 32, &random)),
      "urinary_bladder", random.uniform(0, 12))
  }

  private mutating func vessels(_ random: inout SplitMix64) {
    let wide = random.uniform(8.5, 11) * build
    let aorta = Tube(
      points: [
        near(10, 30, 400, 1, &random), near(10, 30, 60, 2, &random), near(6, 28, -88, 2, &random),
      ], radii: [wide * 1.15, wide, wide * 0.85])
    add(aorta, "aorta", random.uniform(190, 260))
    let cava = random.uniform(9.5, 12.5) * build
    let vein = Tube(
      points: [
        near(-24, 8, 150, 2, &random), near(-24, 22, 60, 2, &random),
        near(-20, 28, -92, 2, &random),
      ], radii: [cava * 1.1, cava, cava * 0.95])
    add(vein, "inferior_vena_cava", random.uniform(130, 165))
  }
}
