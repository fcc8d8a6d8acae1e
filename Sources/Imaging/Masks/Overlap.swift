/// How well two masks on the same grid agree.
public struct Overlap: Sendable, Hashable {
  /// Voxels in both, in the first, in the second.
  public let shared: Int, first: Int, second: Int

  public init(_ a: BinaryMask, _ b: BinaryMask) throws(ImagingError) {
    try a.checkGrid(b)
    var (shared, first, second) = (0, 0, 0)
    a.voxels.withUnsafeBufferPointer { a in
      b.voxels.withUnsafeBufferPointer { b in
        for n in 0..<a.count {
          let (x, y) = (a[n] == 0 ? 0 : 1, b[n] == 0 ? 0 : 1)
          shared += x & y
          first += x
          second += y
        }
      }
    }
    (self.shared, self.first, self.second) = (shared, first, second)
  }

  /// 2|A∩B| / (|A| + |B|); 1 for two empty masks.
  public var dice: Double {
    first + second == 0 ? 1 : 2 * Double(shared) / Double(first + second)
  }
  /// |A∩B| / |A∪B|; 1 for two empty masks.
  public var iou: Double {
    let union = first + second - shared
    return union == 0 ? 1 : Double(shared) / Double(union)
  }
}

extension BinaryMask {
  /// - Throws: `mismatch` where the other mask has another grid.
  func checkGrid(_ other: BinaryMask) throws(ImagingError) {
    guard width == other.width, height == other.height, depth == other.depth else {
      throw ImagingError(.mismatch, "masks on different grids cannot be compared")
    }
  }
}

/// Telling two groups apart by a score.
public enum Ranking {
  /// The area under the receiver operating characteristic: the chance that a positive scores
  /// higher than a negative, ties counting half (Mann and Whitney's U, scaled).
  ///
  /// - Returns: nil where a group is empty or a score is NaN.
  public static func auroc(positives: [Double], negatives: [Double]) -> Double? {
    guard !positives.isEmpty, !negatives.isEmpty,
      !positives.contains(where: \.isNaN), !negatives.contains(where: \.isNaN)
    else { return nil }
    let all = (positives.map { ($0, true) } + negatives.map { ($0, false) }).sorted { $0.0 < $1.0 }
    var (won, below, at) = (0.0, 0, 0)
    while at < all.count {
      var (end, hits) = (at, 0)
      while end < all.count && all[end].0 == all[at].0 {
        if all[end].1 { hits += 1 }
        end += 1
      }
      let misses = end - at - hits
      won += Double(hits) * (Double(below) + Double(misses) / 2)
      below += misses
      at = end
    }
    return won / (Double(positives.count) * Double(negatives.count))
  }
}
