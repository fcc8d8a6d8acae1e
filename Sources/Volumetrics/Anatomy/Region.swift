import Imaging

/// A cuboid cut out of a larger grid, so that work on a small object costs what the object does.
struct Region: Hashable {
  /// Of the larger grid, along i, j, k.
  let ranges: [Range<Int>]

  init(_ ranges: [Range<Int>]) { self.ranges = ranges }

  init(_ box: VoxelBox) { ranges = (0..<3).map { box.lower[$0]..<box.upper[$0] } }

  var size: [Int] { ranges.map(\.count) }

  /// Grown by so many voxels each way, and cut to the grid.
  func grown(by margin: [Int], within size: [Int]) -> Region {
    Region(
      (0..<3).map { a in
        max(0, ranges[a].lowerBound - margin[a])..<min(size[a], ranges[a].upperBound + margin[a])
      })
  }

  func cut(_ mask: BinaryMask) -> BinaryMask {
    var voxels: [UInt8] = []
    voxels.reserveCapacity(ranges.reduce(1) { $0 * $1.count })
    mask.voxels.withUnsafeBufferPointer { values in
      for k in ranges[2] {
        for j in ranges[1] {
          let row = (k * mask.height + j) * mask.width
          voxels.append(
            contentsOf: values[row + ranges[0].lowerBound..<row + ranges[0].upperBound])
        }
      }
    }
    return BinaryMask(width: size[0], height: size[1], depth: size[2], voxels: voxels)
  }

  /// Writes a part back; `values` are of this region, and only those in `owned` are written.
  func paste<T>(_ values: [T], owned: Region? = nil, into whole: inout [T], size grid: [Int]) {
    let target = owned ?? self
    let from = (0..<3).map { target.ranges[$0].lowerBound - ranges[$0].lowerBound }
    for k in 0..<target.ranges[2].count {
      for j in 0..<target.ranges[1].count {
        let source = ((k + from[2]) * size[1] + j + from[1]) * size[0] + from[0]
        let to =
          ((k + target.ranges[2].lowerBound) * grid[1] + j + target.ranges[1].lowerBound) * grid[0]
          + target.ranges[0].lowerBound
        for i in 0..<target.ranges[0].count { whole[to + i] = values[source + i] }
      }
    }
  }
}
