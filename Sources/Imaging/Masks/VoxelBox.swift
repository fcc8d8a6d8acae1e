/// A cuboid of voxels, upper bounds exclusive (protocol, section Geometry).
public struct VoxelBox: Sendable, Hashable {
  /// Along i, j, k.
  public var lower: [Int]
  public var upper: [Int]

  public init(lower: [Int], upper: [Int]) {
    self.lower = lower
    self.upper = upper
  }

  /// `[x0, y0, z0, x1, y1, z1]` in a volume, `[x0, y0, x1, y1]` in an image.
  public func bounds(isVolume: Bool) -> [Int] {
    isVolume ? lower + upper : Array(lower[..<2] + upper[..<2])
  }
}

extension BinaryMask {
  /// The smallest box that holds the mask; nil if it is empty.
  public var boundingBox: VoxelBox? {
    var lower = [Int.max, Int.max, Int.max]
    var upper = [0, 0, 0]
    voxels.withUnsafeBufferPointer { voxels in
      for k in 0..<depth {
        for j in 0..<height {
          let row = (k * height + j) * width
          guard let first = (0..<width).first(where: { voxels[row + $0] != 0 }),
            let last = (0..<width).last(where: { voxels[row + $0] != 0 })
          else { continue }
          lower = [min(lower[0], first), min(lower[1], j), min(lower[2], k)]
          upper = [max(upper[0], last + 1), max(upper[1], j + 1), k + 1]
        }
      }
    }
    return upper[2] == 0 ? nil : VoxelBox(lower: lower, upper: upper)
  }
}
