import Imaging
import Testing

@Suite("The distance of two surfaces")
struct SurfaceDistanceTests {
  private func square(_ x: Int, _ y: Int, side: Int, in size: Int = 20) -> BinaryMask {
    var mask = BinaryMask(width: size, height: size)
    for j in y..<y + side { for i in x..<x + side { mask.voxels[j * size + i] = 1 } }
    return mask
  }

  @Test("is none between a mask and itself")
  func same() throws {
    let mask = square(3, 4, side: 6)
    let distance = try SurfaceDistance(mask, mask)
    #expect(distance.normalised(tolerance: 0) == 1)
    #expect(distance.hausdorff95 == 0)
  }

  @Test("of a shifted square is its shift, in the spacing's unit", arguments: [1.0, 2.5])
  func shifted(spacing: Double) throws {
    // A single column moved by three voxels: every border voxel is three away.
    var (a, b) = (BinaryMask(width: 20, height: 20), BinaryMask(width: 20, height: 20))
    for j in 5..<15 {
      a.voxels[j * 20 + 4] = 1
      b.voxels[j * 20 + 7] = 1
    }
    let distance = try SurfaceDistance(a, b, spacing: [spacing, 1, 1])
    #expect(abs(try #require(distance.hausdorff95) - 3 * spacing) < 1e-5)
    #expect(distance.normalised(tolerance: 3 * spacing + 0.01) == 1)
    #expect(distance.normalised(tolerance: 3 * spacing - 0.01) == 0)
  }

  @Test("is what looking at every pair of border voxels gives")
  func bruteForce() throws {
    var random = SplitMix64(seed: 9)
    for _ in 0..<20 {
      let masks = (0..<2).map { _ in
        BinaryMask(
          width: 7, height: 6, depth: 3,
          voxels: (0..<126).map { _ in random.next() % 3 == 0 ? 1 : 0 })
      }
      let spacing = [0.7, 1.3, 3]
      func places(_ mask: BinaryMask) -> [[Double]] {
        mask.border().voxels.indices.filter { mask.border().voxels[$0] != 0 }.map {
          [Double($0 % 7) * 0.7, Double($0 / 7 % 6) * 1.3, Double($0 / 42) * 3]
        }
      }
      func nearest(_ a: [[Double]], _ b: [[Double]]) -> [Double] {
        a.map { p in
          b.map { q in zip(p, q).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot() }
            .min()!
        }
      }
      let (a, b) = (places(masks[0]), places(masks[1]))
      let all = nearest(a, b) + nearest(b, a)
      let distance = try SurfaceDistance(masks[0], masks[1], spacing: spacing)
      for tolerance in [0.5, 0.75, 1.4, 2] {
        let share = Double(all.count { $0 <= tolerance + 1e-6 }) / Double(all.count)
        #expect(abs(distance.normalised(tolerance: tolerance) - share) < 1e-9, "\(tolerance)")
      }
    }
  }

  @Test("of an empty mask is infinite, and of two none")
  func empty() throws {
    let (mask, none) = (square(2, 2, side: 3), BinaryMask(width: 20, height: 20))
    let one = try SurfaceDistance(mask, none)
    #expect(one.normalised(tolerance: 100) == 0 && one.hausdorff95 == nil)
    let both = try SurfaceDistance(none, none)
    #expect(both.normalised(tolerance: 0) == 1 && both.hausdorff95 == nil)
  }

  @Test("refuses other grids and spacings that are none")
  func refusals() {
    let mask = square(2, 2, side: 3)
    #expect(throws: ImagingError.self) { try SurfaceDistance(mask, square(2, 2, side: 3, in: 21)) }
    #expect(throws: ImagingError.self) { try SurfaceDistance(mask, mask, spacing: [1, 0, 1]) }
  }

  @Test("counts the grid's edge as border, of a slice its four sides")
  func border() {
    let full = BinaryMask(width: 4, height: 4, voxels: [UInt8](repeating: 1, count: 16))
    #expect(full.border().count == 12)
    let block = BinaryMask(
      width: 3, height: 3, depth: 3, voxels: [UInt8](repeating: 1, count: 27))
    #expect(block.border().count == 26)
  }
}
