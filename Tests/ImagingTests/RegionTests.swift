import Imaging
import Testing

/// Grey levels in [0, 1] with a little noise.
private func noisy(_ plane: [Float], _ amount: Float, seed: UInt64 = 1) -> [Float] {
  var random = TestGenerator(state: seed)
  return plane.map { $0 + Float.random(in: -amount...amount, using: &random) }
}

/// Whether two partitions are the same but for the names.
private func agree(_ a: [Int32], _ b: [Int32]) -> Bool {
  var (there, back): ([Int32: Int32], [Int32: Int32]) = ([:], [:])
  for (x, y) in zip(a, b) {
    if there[x, default: y] != y || back[y, default: x] != x { return false }
    (there[x], back[y]) = (y, x)
  }
  return true
}

@Suite("Regions of a graph of pixels") struct GraphRegionTests {
  private func options(
    _ scale: Float = 0.6, sigma: Float = 0, least: Int = 1
  ) -> GraphRegions.Options {
    var options = GraphRegions.Options()
    (options.scale, options.sigma, options.least) = (scale, sigma, least)
    return options
  }

  /// Four quarters of different grey, 12 × 8.
  private let quarters = (0..<96).map { n -> Float in
    (n % 12 < 6 ? 0 : 0.3) + (n / 12 < 4 ? 0 : 0.6)
  }

  @Test func quartersAreFound() throws {
    let regions = try GraphRegions(
      planes: [noisy(quarters, 0.005)], width: 12, height: 8, options: options())
    #expect(regions.sizes == [24, 24, 24, 24])
    #expect(agree(regions.labels, quarters.map { Int32($0 * 10 + 0.5) }))
    // Numbered in the order of their first pixels.
    #expect(regions.labels[0] == 0 && regions.labels[11] == 1 && regions.labels[95] == 3)
  }

  /// The oracle: the predicate as the paper has it, over components as sets, with no quantisation.
  @Test(arguments: [1, 2, 3, 4] as [UInt64])
  func againstThePaper(seed: UInt64) throws {
    let (w, h) = (7, 6)
    // All differences are different multiples of a step that levels resolve.
    var random = TestGenerator(state: seed)
    let plane = (0..<w * h).map { _ in Float(Int.random(in: 0...4095, using: &random)) / 4095 }
    let scale: Float = 0.8
    var edges: [(weight: Float, order: Int, a: Int, b: Int)] = []
    for y in 0..<h {
      for x in 0..<w {
        for (n, (dx, dy)) in [(1, 0), (0, 1), (1, 1), (-1, 1)].enumerated() {
          guard (0..<w).contains(x + dx), y + dy < h else { continue }
          let (a, b) = (y * w + x, (y + dy) * w + x + dx)
          edges.append((abs(plane[a] - plane[b]), a * 4 + n, a, b))
        }
      }
    }
    // The largest difference makes the levels; equal levels are taken in the order of the pixels.
    let unit = edges.map(\.weight).max()! / 4095
    for n in edges.indices { edges[n].weight = (edges[n].weight / unit).rounded() * unit }
    edges.sort { ($0.weight, $0.order) < ($1.weight, $1.order) }
    var sets = (0..<w * h).map { Set([$0]) }
    var inner = [Float](repeating: 0, count: w * h)
    for edge in edges {
      let a = sets.firstIndex { $0.contains(edge.a) }!
      let b = sets.firstIndex { $0.contains(edge.b) }!
      guard a != b, edge.weight <= inner[a] + scale / Float(sets[a].count),
        edge.weight <= inner[b] + scale / Float(sets[b].count)
      else { continue }
      sets[a].formUnion(sets[b])
      inner[a] = edge.weight
      sets[b] = []
    }
    let wanted = (0..<w * h).map { n in Int32(sets.firstIndex { $0.contains(n) }!) }
    let regions = try GraphRegions(
      planes: [plane], width: w, height: h, options: options(scale))
    #expect(agree(regions.labels, wanted))
    #expect(regions.count > 1 && regions.count < w * h)
  }

  @Test func aGradualRampIsOneRegionAndAnEdgeInItTwo() throws {
    let ramp = (0..<400).map { Float($0 % 20) * 0.02 }
    #expect(
      try GraphRegions(planes: [ramp], width: 20, height: 20, options: options()).count == 1)
    let broken = (0..<400).map { n in Float(n % 20) * 0.02 + (n % 20 < 9 ? 0 : 0.5) }
    #expect(
      try GraphRegions(planes: [broken], width: 20, height: 20, options: options()).count == 2)
  }

  @Test(arguments: [(1, 1), (1, 9), (9, 1), (16, 5)])
  func flatIsOne(size: (Int, Int)) throws {
    let regions = try GraphRegions(
      planes: [[Float](repeating: 0.4, count: size.0 * size.1)], width: size.0, height: size.1)
    #expect(regions.sizes == [size.0 * size.1])
  }

  @Test(arguments: [1, 5, 20, 60]) func leastSizeHolds(least: Int) throws {
    var random = TestGenerator(state: 7)
    let plane = (0..<900).map { _ in Float.random(in: 0...1, using: &random) }
    let regions = try GraphRegions(
      planes: [plane], width: 30, height: 30, options: options(0.3, least: least))
    #expect(regions.sizes.allSatisfy { $0 >= least })
    #expect(regions.sizes.reduce(0, +) == 900)
    #expect(least > 5 || regions.count > 10)
    var counts = [Int](repeating: 0, count: regions.count)
    for label in regions.labels { counts[Int(label)] += 1 }
    #expect(counts == regions.sizes)
  }

  @Test func largerScaleMeansFewerRegions() throws {
    let plane = noisy((0..<900).map { Float(($0 % 30) / 5 % 2) * 0.2 }, 0.1)
    let counts = try [0.1, 0.6, 4].map {
      try GraphRegions(planes: [plane], width: 30, height: 30, options: options($0)).count
    }
    #expect(counts[0] > counts[1] && counts[1] > counts[2])
  }

  @Test func sameAgainAndWhenRegionsComeInAnotherOrder() throws {
    let plane = noisy(quarters, 0.01)
    let one = try GraphRegions(planes: [plane], width: 12, height: 8, options: options())
    #expect(try GraphRegions(planes: [plane], width: 12, height: 8, options: options()) == one)
    // Turned round by 180°: the last region comes first.
    let turned = try GraphRegions(
      planes: [plane.reversed()], width: 12, height: 8, options: options())
    #expect(turned.labels != one.labels.reversed())
    #expect(agree(turned.labels.reversed(), one.labels))
  }

  @Test func colourTellsApartWhatGreyDoesNot() throws {
    let half = (0..<96).map { Float($0 % 12 < 6 ? 1 : 0) }
    let planes = [half, half.map { 1 - $0 }, [Float](repeating: 0.2, count: 96)]
    let regions = try GraphRegions(planes: planes, width: 12, height: 8, options: options())
    #expect(regions.sizes == [48, 48])
    let mean = (0..<96).map { n in planes.reduce(0) { $0 + $1[n] } / 3 }
    #expect(try GraphRegions(planes: [mean], width: 12, height: 8, options: options()).count == 1)
  }

  @Test func smoothingTakesGrainAway() throws {
    var grain = [Float](repeating: 0.2, count: 400)
    for n in stride(from: 3, to: 400, by: 47) { grain[n] = 0.6 }
    let sharp = try GraphRegions(
      planes: [grain], width: 20, height: 20, options: options(0.05))
    let smooth = try GraphRegions(
      planes: [grain], width: 20, height: 20, options: options(0.05, sigma: 2))
    #expect(sharp.count > 5 && smooth.count < sharp.count)
  }

  @Test func oddValuesAndSizes() throws {
    let odd: [Float] = [.nan, .infinity, -.infinity, 1e30, -1e30, 0, 1, 2]
    let regions = try GraphRegions(planes: [odd], width: 4, height: 2)
    #expect(regions.sizes.reduce(0, +) == 8)
    #expect(
      code { () throws(ImagingError) in _ = try GraphRegions(planes: [[1]], width: 2, height: 1) }
        == .mismatch)
    #expect(
      code { () throws(ImagingError) in _ = try GraphRegions(planes: [], width: 1, height: 1) }
        == .mismatch)
    #expect(
      code { () throws(ImagingError) in _ = try GraphRegions(planes: [[]], width: 0, height: 5) }
        == .mismatch)
  }
}

@Suite("Closing") struct ClosingTests {
  private func mask(_ rows: [String]) -> BinaryMask {
    BinaryMask(
      width: rows[0].count, height: rows.count,
      voxels: rows.joined().map { $0 == "#" ? 1 : 0 })
  }

  @Test func fillsHolesAndKeepsTheRest() {
    let holed = mask(["......", ".####.", ".#.##.", ".####.", "......"])
    let whole = mask(["......", ".####.", ".####.", ".####.", "......"])
    #expect(holed.closed(radius: 1) == whole)
    #expect(holed.closed(radius: 0) == holed)
  }

  @Test(arguments: [1, 2, 3]) func takesNothingAwayAndIsDoneAtOnce(radius: Int) {
    var random = TestGenerator(state: UInt64(radius))
    let some = BinaryMask(
      width: 17, height: 13, depth: 2,
      voxels: (0..<17 * 13 * 2).map { _ in Int.random(in: 0..<5, using: &random) == 0 ? 1 : 0 })
    let closed = some.closed(radius: radius)
    #expect(zip(some.voxels, closed.voxels).allSatisfy { $0 <= $1 })
    #expect(closed.count > some.count)
    #expect(closed.closed(radius: radius) == closed)
  }

  @Test func edgesOfTheGridAreNotEroded() {
    let corner = mask(["##..", "##..", "...."])
    #expect(corner.closed(radius: 1) == corner)
    let full = mask(["###", "###"])
    #expect(full.closed(radius: 2) == full)
  }
}

@Suite("Pseudo-regions") struct PseudoRegionTests {
  /// 20 × 20: background, a block with a smaller block inside, and another block.
  private static let plane = (0..<400).map { n -> Float in
    let (x, y) = (n % 20, n / 20)
    if (4..<8).contains(x), (4..<8).contains(y) { return 1 }
    if (1..<11).contains(x), (1..<11).contains(y) { return 0.5 }
    if (13..<18).contains(x), (12..<18).contains(y) { return 0.7 }
    return 0
  }

  private func regions(
    taken: (Int, Int) -> Bool = { _, _ in false }, least: Double = 0.001
  ) throws -> PseudoRegions {
    var cut = GraphRegions.Options()
    (cut.sigma, cut.least) = (0, 1)
    var options = PseudoRegions.Options()
    options.leastShare = least
    return try PseudoRegions(
      GraphRegions(planes: [Self.plane], width: 20, height: 20, options: cut),
      isTaken: (0..<400).map { taken($0 % 20, $0 / 20) }, options: options)
  }

  @Test func backgroundIsNone() throws {
    let regions = try regions()
    // The background is over 0.4 of the image.
    try #require(regions.sizes == [84, 16, 30])
    #expect(regions.labels[0] == 0)
    #expect(regions.boxes[2] == VoxelBox(lower: [13, 12, 0], upper: [18, 18, 1]))
  }

  @Test func edgesAreNone() throws {
    // A line two pixels wide is long enough and still no object.
    let line = (0..<400).map { n -> Float in (9...10).contains(n % 20) ? 1 : 0 }
    var cut = GraphRegions.Options()
    (cut.sigma, cut.least) = (0, 1)
    let regions = try PseudoRegions(
      GraphRegions(planes: [line], width: 20, height: 20, options: cut),
      isTaken: [Bool](repeating: false, count: 400))
    #expect(
      !regions.labels.indices.contains { (9...10).contains($0 % 20) && regions.labels[$0] > 0 })
  }

  @Test func tinyOnesGo() throws {
    #expect(try regions(least: 0.05).sizes == [84, 30])
  }

  @Test func trueMasksOverride() throws {
    let regions = try regions { x, _ in x >= 16 }
    try #require(regions.sizes == [84, 16, 18])
    #expect(regions.boxes[2].upper[0] == 16)
    // Dilation and erosion do not give it back either.
    for region in 0..<3 {
      let mask = regions.mask(of: region)
      #expect(mask.count > 0)
      #expect(mask.voxels.indices.allSatisfy { mask.voxels[$0] == 0 || $0 % 20 < 16 })
    }
    #expect(try self.regions { _, _ in true }.count == 0)
    // Two of its five columns are left: the rim of what took the rest.
    #expect(try self.regions { x, _ in x >= 15 }.sizes == [84, 16])
  }

  @Test func aBoxAbsorbsWhatLiesInIt() throws {
    let regions = try regions()
    let alone = regions.mask(of: 1)
    #expect(alone.count == 16)
    // The inner block's box holds none of the outer, the outer's holds all of the inner.
    #expect(regions.mask(of: 1, absorbing: 0.9) == alone)
    #expect(regions.mask(of: 0).count == 84)
    #expect(regions.mask(of: 0, absorbing: 0.9).count == 100)
    #expect(regions.mask(of: 2, absorbing: 0.9).count == 30)
  }

  @Test func misuse() throws {
    let cut = try GraphRegions(planes: [[0, 0]], width: 2, height: 1)
    #expect(
      code { () throws(ImagingError) in _ = try PseudoRegions(cut, isTaken: [true]) } == .mismatch)
    #expect(try regions().mask(of: 9).count == 0)
  }
}
