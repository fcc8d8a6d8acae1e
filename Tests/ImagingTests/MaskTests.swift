import Imaging
import Testing

private func randomMask(
  _ width: Int, _ height: Int, _ depth: Int, _ seed: UInt64, _ share: Double = 0.4
) -> BinaryMask {
  var random = TestGenerator(state: seed)
  return BinaryMask(
    width: width, height: height, depth: depth,
    voxels: (0..<width * height * depth).map { _ in
      Double.random(in: 0..<1, using: &random) < share ? 1 : 0
    })
}

@Suite struct ComponentTests {
  @Test func diagonalsJoinOnlyByCorners() {
    let mask = BinaryMask(width: 3, height: 3, voxels: [1, 0, 0, 0, 1, 0, 0, 0, 1])
    #expect(Components(mask, connectivity: .faces).sizes == [1, 1, 1])
    #expect(Components(mask, connectivity: .corners).sizes == [3])
  }

  /// Rows must not join over the grid's edge.
  @Test func edgesDoNotWrap() {
    let mask = BinaryMask(width: 3, height: 2, voxels: [0, 0, 1, 1, 0, 0])
    #expect(Components(mask, connectivity: .corners).count == 2)
    let deep = BinaryMask(width: 1, height: 2, depth: 2, voxels: [0, 1, 1, 0])
    #expect(Components(deep, connectivity: .faces).count == 2)
    #expect(Components(deep, connectivity: .corners).count == 1)
  }

  /// The oracle: labels sink to the smallest among neighbours until nothing changes.
  @Test(arguments: Components.Connectivity.allCases, [(9, 8, 1), (6, 5, 4)])
  func againstRelaxation(connectivity: Components.Connectivity, size: (Int, Int, Int)) {
    for seed in 1...3 as ClosedRange<UInt64> {
      let mask = randomMask(size.0, size.1, size.2, seed)
      let points = mask.voxels.indices.filter { mask.voxels[$0] == 1 }
      func place(_ n: Int) -> [Int] {
        [n % size.0, n / size.0 % size.1, n / (size.0 * size.1)]
      }
      var name = Dictionary(uniqueKeysWithValues: points.map { ($0, $0) })
      var changed = true
      while changed {
        changed = false
        for a in points {
          for b in points {
            let off = zip(place(a), place(b)).map { abs($0 - $1) }
            let touch = connectivity == .faces ? off.reduce(0, +) == 1 : off.max() == 1
            if touch, name[b]! < name[a]! {
              name[a] = name[b]
              changed = true
            }
          }
        }
      }
      let pieces = Components(mask, connectivity: connectivity)
      #expect(pieces.count == Set(name.values).count)
      #expect(pieces.sizes.reduce(0, +) == points.count)
      for a in points {
        for b in points {
          #expect((name[a] == name[b]) == (pieces.labels[a] == pieces.labels[b]))
        }
      }
    }
  }

  @Test func largest() {
    let mask = BinaryMask(width: 6, height: 1, voxels: [1, 0, 1, 1, 0, 1])
    #expect(mask.largestComponent().voxels == [0, 0, 1, 1, 0, 0])
    let empty = BinaryMask(width: 2, height: 2)
    #expect(empty.largestComponent() == empty && empty.boundingBox == nil)
  }
}

@Suite struct MeasureTests {
  @Test func boxes() {
    var mask = BinaryMask(width: 5, height: 4, depth: 3)
    mask.voxels[(1 * 4 + 2) * 5 + 3] = 1
    #expect(mask.boundingBox == VoxelBox(lower: [3, 2, 1], upper: [4, 3, 2]))
    mask.voxels[(2 * 4 + 0) * 5 + 1] = 1
    #expect(mask.boundingBox?.bounds(isVolume: true) == [1, 0, 1, 4, 3, 3])
    #expect(mask.boundingBox?.bounds(isVolume: false) == [1, 0, 4, 3])
  }

  @Test func sizes() {
    let affine = Affine(rows: [
      [0, -2, 0, 5], [0.5, 0, 0, 6], [0, 0, 10, 7], [0, 0, 0, 1],
    ])
    let mask = BinaryMask(width: 3, height: 1, voxels: [1, 0, 1])
    #expect(abs(mask.volume(affine) - 0.02) < 1e-12)
    #expect(abs(mask.area(affine) - 0.02) < 1e-12)
  }

  @Test func intensity() throws {
    let image = MedicalImage(width: 5, height: 1, samples: [2, 4, 100, 6, .nan])
    let mask = BinaryMask(width: 5, height: 1, voxels: [1, 1, 0, 1, 1])
    let got = try #require(IntensityStatistics(image, under: mask))
    #expect(got.count == 3 && got.mean == 4 && got.minimum == 2 && got.maximum == 6)
    #expect(abs(got.standardDeviation - (8.0 / 3).squareRoot()) < 1e-12)
    #expect(IntensityStatistics(image, under: BinaryMask(width: 5, height: 1)) == nil)
    #expect(IntensityStatistics(image, under: BinaryMask(width: 1, height: 1)) == nil)
    let colour = MedicalImage(width: 1, height: 1, channels: 3, samples: [1, 2, 6])
    #expect(
      IntensityStatistics(colour, under: BinaryMask(width: 1, height: 1, voxels: [1]))?.mean == 3)
  }

  @Test func overlap() throws {
    let a = BinaryMask(width: 4, height: 1, voxels: [1, 1, 1, 0])
    let b = BinaryMask(width: 4, height: 1, voxels: [0, 1, 1, 1])
    #expect(try Overlap(a, b).dice == 2.0 * 2 / 6)
    #expect(try Overlap(a, b).iou == 0.5)
    let empty = BinaryMask(width: 4, height: 1)
    #expect(try Overlap(empty, empty).dice == 1 && Overlap(a, empty).dice == 0)
    #expect(
      code { () throws(ImagingError) in _ = try Overlap(a, BinaryMask(width: 2, height: 2)) }
        == .mismatch)
  }

  @Test func aurocAgainstAllPairs() throws {
    #expect(Ranking.auroc(positives: [2, 3], negatives: [0, 1]) == 1)
    #expect(Ranking.auroc(positives: [1], negatives: [1, 1]) == 0.5)
    #expect(Ranking.auroc(positives: [], negatives: [1]) == nil)
    #expect(Ranking.auroc(positives: [.nan], negatives: [1]) == nil)
    var random = TestGenerator(state: 11)
    for _ in 0..<20 {
      let p = (0..<13).map { _ in Double(Int.random(in: 0...9, using: &random)) }
      let n = (0..<17).map { _ in Double(Int.random(in: 0...7, using: &random)) }
      let pairs = p.reduce(0.0) { sum, a in
        sum + n.reduce(0.0) { $0 + (a > $1 ? 1 : a == $1 ? 0.5 : 0) }
      }
      let got = try #require(Ranking.auroc(positives: p, negatives: n))
      #expect(abs(got - pairs / Double(13 * 17)) < 1e-12)
    }
  }
}

@Suite struct DistanceTests {
  @Test(arguments: [false, true], [(7, 6, 1), (5, 4, 3)])
  func againstAllPairs(closed: Bool, size: (Int, Int, Int)) {
    let spacing = [0.7, 1.0, 2.5]
    for seed in 1...6 as ClosedRange<UInt64> {
      let mask = randomMask(size.0, size.1, size.2, seed, 0.85)
      let got = mask.distances(spacing: spacing, closed: closed)
      let outer = closed ? 1 : 0
      let outerK = closed && size.2 > 1 ? 1 : 0
      for at in mask.voxels.indices {
        let p = [at % size.0, at / size.0 % size.1, at / (size.0 * size.1)]
        var best = Double.infinity
        for k in -outerK..<size.2 + outerK {
          for j in -outer..<size.1 + outer {
            for i in -outer..<size.0 + outer {
              let inside =
                i >= 0 && j >= 0 && k >= 0 && i < size.0 && j < size.1 && k < size.2
              if inside && mask.voxels[(k * size.1 + j) * size.0 + i] != 0 { continue }
              let off = zip([i, j, k], zip(p, spacing)).map { Double($0 - $1.0) * $1.1 }
              best = min(best, off.reduce(0) { $0 + $1 * $1 }.squareRoot())
            }
          }
        }
        #expect(best.isFinite ? abs(Double(got[at]) - best) < 1e-5 : got[at] == .infinity)
      }
    }
  }

  @Test func fullAndEmpty() {
    let full = BinaryMask(width: 3, height: 3, voxels: [UInt8](repeating: 1, count: 9))
    #expect(full.distances().allSatisfy { $0 == .infinity })
    let deepest = full.deepestVoxel()
    #expect(deepest?.i == 1 && deepest?.j == 1 && deepest?.k == 0)
    let empty = BinaryMask(width: 3, height: 3)
    #expect(empty.distances().allSatisfy { $0 == 0 } && empty.deepestVoxel() == nil)
  }
}
