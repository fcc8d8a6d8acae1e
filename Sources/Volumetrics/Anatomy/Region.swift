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

  private func copy<T>(
    _ values: UnsafeBufferPointer<T>, width: Int, height: Int, channels: Int = 1
  ) -> [T] {
    var result: [T] = []
    result.reserveCapacity(ranges.reduce(channels) { $0 * $1.count })
    for k in ranges[2] {
      for j in ranges[1] {
        let row = (k * height + j) * width
        result.append(
          contentsOf: values[
            (row + ranges[0].lowerBound) * channels..<(row + ranges[0].upperBound) * channels])
      }
    }
    return result
  }

  func cut(_ mask: BinaryMask) -> BinaryMask {
    mask.voxels.withUnsafeBufferPointer {
      BinaryMask(
        width: size[0], height: size[1], depth: size[2],
        voxels: copy($0, width: mask.width, height: mask.height))
    }
  }

  /// A part of a volume, in its place.
  func cut(_ image: MedicalImage) -> MedicalImage {
    let origin = image.affine.apply(ranges.map { Double($0.lowerBound) })
    var place = image.affine
    for r in 0..<3 { place.rows[r][3] = origin[r] }
    let samples = image.samples.withUnsafeBufferPointer {
      copy($0, width: image.width, height: image.height, channels: image.channels)
    }
    return MedicalImage(
      width: size[0], height: size[1], depth: size[2], channels: image.channels, samples: samples,
      affine: place, modality: image.modality, intensity: image.intensity, isVolume: true,
      hasSpacing: image.hasSpacing)
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
