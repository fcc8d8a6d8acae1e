/// How far apart the borders of two masks on the same grid lie.
///
/// A border voxel is set and has an unset neighbour across a face, or lies at the grid's edge. Each
/// border voxel counts alike.
public struct SurfaceDistance: Sendable, Hashable {
  /// From each border voxel of one mask to the nearest of the other, in the spacing's unit.
  private let fromFirst: [Float], fromSecond: [Float]

  /// - Parameter spacing: of the centres along i, j, k: the unit of the distances.
  /// - Throws: `ImagingError` `.mismatch` for masks on different grids.
  public init(
    _ first: BinaryMask, _ second: BinaryMask, spacing: [Double] = [1, 1, 1]
  ) throws(ImagingError) {
    try first.checkGrid(second)
    guard spacing.count == 3, spacing.allSatisfy({ $0 > 0 && $0.isFinite }) else {
      throw ImagingError(.mismatch, "a spacing is three positive numbers, not \(spacing)")
    }
    let (a, b) = (first.border(), second.border())
    guard let boxA = a.boundingBox, let boxB = b.boundingBox else {
      // Nothing to measure to: every border voxel there is lies infinitely far off.
      fromFirst = [Float](repeating: .infinity, count: a.count)
      fromSecond = [Float](repeating: .infinity, count: b.count)
      return
    }
    // Beyond both masks nothing counts.
    let box = VoxelBox(
      lower: zip(boxA.lower, boxB.lower).map { min($0, $1) },
      upper: zip(boxA.upper, boxB.upper).map { max($0, $1) })
    let (smallA, smallB) = (a.cropped(to: box), b.cropped(to: box))
    fromFirst = Self.distances(from: smallA, to: smallB, spacing)
    fromSecond = Self.distances(from: smallB, to: smallA, spacing)
  }

  private static func distances(
    from a: BinaryMask, to b: BinaryMask, _ spacing: [Double]
  ) -> [Float] {
    var outside = b
    for n in outside.voxels.indices { outside.voxels[n] = b.voxels[n] == 0 ? 1 : 0 }
    let field = outside.distances(spacing: spacing)
    return zip(a.voxels, field).filter { $0.0 != 0 }.map(\.1)
  }

  /// Normalised surface distance (surface Dice, arXiv 1809.04430): the share of both borders that
  /// lies within the tolerance of the other; 1 for two empty masks, 0 where only one is empty.
  public func normalised(tolerance: Double) -> Double {
    let count = fromFirst.count + fromSecond.count
    if count == 0 { return 1 }
    // A distance of just the tolerance is within it, however it was rounded.
    let limit = Float(tolerance * (1 + 1e-6))
    let near = [fromFirst, fromSecond].reduce(0) { $0 + $1.count { $0 <= limit } }
    return Double(near) / Double(count)
  }

  /// The 95 % Hausdorff distance: the larger of both directions' 95th percentiles. Nil where a mask is
  /// empty.
  public var hausdorff95: Double? {
    guard !fromFirst.isEmpty, !fromSecond.isEmpty else { return nil }
    return [fromFirst, fromSecond].compactMap { distances in
      var order = OrderStatistics(distances)
      return order.percentile(95).map(Double.init)
    }.max()
  }
}

extension BinaryMask {
  /// The set voxels that have an unset neighbour across a face, or lie at the grid's edge (in a single
  /// slice at its four sides).
  public func border() -> BinaryMask {
    var result = BinaryMask(width: width, height: height, depth: depth)
    let area = width * height
    for k in 0..<depth {
      for j in 0..<height {
        for i in 0..<width {
          let at = k * area + j * width + i
          guard voxels[at] != 0 else { continue }
          let isEdge =
            i == 0 || j == 0 || i == width - 1 || j == height - 1
            || (depth > 1 && (k == 0 || k == depth - 1))
          let isBorder =
            isEdge || voxels[at - 1] == 0 || voxels[at + 1] == 0 || voxels[at - width] == 0
            || voxels[at + width] == 0
            || (depth > 1 && (voxels[at - area] == 0 || voxels[at + area] == 0))
          if isBorder { result.voxels[at] = 1 }
        }
      }
    }
    return result
  }

  /// The part within a box that lies inside the grid.
  public func cropped(to box: VoxelBox) -> BinaryMask {
    let size = zip(box.upper, box.lower).map { $0 - $1 }
    var result = BinaryMask(width: size[0], height: size[1], depth: size[2])
    for k in 0..<size[2] {
      for j in 0..<size[1] {
        let from = ((box.lower[2] + k) * height + box.lower[1] + j) * width + box.lower[0]
        let to = (k * size[1] + j) * size[0]
        for i in 0..<size[0] { result.voxels[to + i] = voxels[from + i] }
      }
    }
    return result
  }
}
