/// Connected pieces of a mask, in two dimensions where the mask has one slice, else in three.
public struct Components: Sendable {
  /// Which voxels touch.
  public enum Connectivity: Sendable, CaseIterable {
    /// Sharing a face: 4 neighbours in a slice, 6 in a volume.
    case faces
    /// Sharing at least a corner: 8, or 26.
    case corners
  }

  /// For each voxel 0, or the number of its piece from 1, in the order of their first voxels.
  public let labels: [Int32]
  /// Voxels of each piece, the first piece's first.
  public let sizes: [Int]
  public var count: Int { sizes.count }

  public init(_ mask: BinaryMask, connectivity: Connectivity = .faces) {
    let (width, height, depth) = (mask.width, mask.height, mask.depth)
    var steps: [(Int, Int, Int)] = []
    for z in -1...1 {
      for y in -1...1 {
        for x in -1...1 where (x, y, z) != (0, 0, 0) {
          if connectivity == .corners || abs(x) + abs(y) + abs(z) == 1 { steps.append((x, y, z)) }
        }
      }
    }
    var labels = [Int32](repeating: 0, count: mask.voxels.count)
    var sizes: [Int] = []
    var open: [Int] = []
    for start in 0..<labels.count where mask.voxels[start] != 0 && labels[start] == 0 {
      let name = Int32(sizes.count + 1)
      var size = 0
      labels[start] = name
      open.append(start)
      while let at = open.popLast() {
        size += 1
        let (i, j, k) = (at % width, at / width % height, at / (width * height))
        for (x, y, z) in steps {
          let (u, v, w) = (i + x, j + y, k + z)
          guard u >= 0, v >= 0, w >= 0, u < width, v < height, w < depth else { continue }
          let next = (w * height + v) * width + u
          if mask.voxels[next] != 0 && labels[next] == 0 {
            labels[next] = name
            open.append(next)
          }
        }
      }
      sizes.append(size)
    }
    self.labels = labels
    self.sizes = sizes
  }
}

extension BinaryMask {
  /// The largest connected piece alone; of equal ones the first.
  public func largestComponent(_ connectivity: Components.Connectivity = .corners) -> BinaryMask {
    let pieces = Components(self, connectivity: connectivity)
    guard let most = pieces.sizes.max(), let index = pieces.sizes.firstIndex(of: most) else {
      return self
    }
    let name = Int32(index + 1)
    return BinaryMask(
      width: width, height: height, depth: depth,
      voxels: pieces.labels.map { $0 == name ? 1 : 0 })
  }
}
