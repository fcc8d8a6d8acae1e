public import Imaging

/// Shapes between slices, from the signed distances to their borders (Raya and Udupa, IEEE Transactions
/// on Medical Imaging 9, 1990).
public enum ShapeInterpolation {
  /// A share `t` of the way from one slice's mask to another's.
  ///
  /// - Parameters: masks of one slice and the same size. Distances from an empty one are unknown: then
  ///   what is nearer is taken.
  public static func between(
    _ a: BinaryMask, _ b: BinaryMask, at t: Double, spacing: [Double] = [1, 1, 1]
  ) -> BinaryMask {
    guard let from = a.signedDistances(spacing: spacing),
      let to = b.signedDistances(spacing: spacing), from.count == to.count
    else { return t < 0.5 ? a : b }
    let share = Float(t)
    return BinaryMask(
      width: a.width, height: a.height,
      voxels: from.indices.map { n in
        // Infinite where a whole slice is set.
        let (u, v) = (min(from[n], 1e6), min(to[n], 1e6))
        return (1 - share) * u + share * v > 0 ? 1 : 0
      })
  }

  /// A volume of which some slices are known, with those between two in which the object is filled;
  /// next to an end, as far as the next known slice, what was there last.
  ///
  /// - Returns: nil where no known slice shows anything.
  static func filled(
    _ mask: BinaryMask, known: Set<Int>, within range: Range<Int>
  ) -> BinaryMask? {
    let area = mask.width * mask.height
    var shown: [(slice: Int, mask: BinaryMask)] = []
    for k in known.sorted() where range.contains(k) {
      guard let one = mask.slice(k), one.voxels.contains(where: { $0 != 0 }) else { continue }
      shown.append((k, one))
    }
    guard !shown.isEmpty else { return nil }
    var result = BinaryMask(width: mask.width, height: mask.height, depth: mask.depth)
    func put(_ one: BinaryMask, _ k: Int) {
      result.voxels.replaceSubrange(k * area..<(k + 1) * area, with: one.voxels)
    }
    let order = known.sorted()
    for (n, one) in shown.enumerated() {
      put(one.mask, one.slice)
      guard n + 1 < shown.count else { continue }
      let next = shown[n + 1]
      // A known slice between them that is empty parts them.
      guard !order.contains(where: { $0 > one.slice && $0 < next.slice }) else { continue }
      for k in one.slice + 1..<next.slice {
        let t = Double(k - one.slice) / Double(next.slice - one.slice)
        put(between(one.mask, next.mask, at: t), k)
      }
    }
    return result
  }
}
