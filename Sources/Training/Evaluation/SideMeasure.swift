import Imaging
import Vocabulary

/// Of queries for one of a pair's sides, in images that show at least 10 pixels of both.
public struct SideMeasure: Sendable, Codable, Hashable {
  public var asked = 0
  /// How many masks overlap the asked side more than the other, the other more, neither.
  public var own = 0, other = 0, neither = 0
  /// Means over the masks that are not empty: how much of them lies on the asked and on the other.
  public var ownShare: Double?, otherShare: Double?
  /// The share of queries whose mask is on the side that was asked for.
  public var rate: Double? { asked == 0 ? nil : Double(own) / Double(asked) }
}

/// Which of two sides masks lie on.
struct SideTally {
  private var counts = SideMeasure()
  private var ownShares: [Double] = [], otherShares: [Double] = []

  /// - Throws: `ImagingError` for masks on different grids.
  mutating func add(
    _ mask: BinaryMask, own: BinaryMask, other: BinaryMask
  ) throws(ImagingError) {
    let (mine, theirs) = (try Overlap(mask, own), try Overlap(mask, other))
    counts.asked += 1
    if mine.shared > theirs.shared {
      counts.own += 1
    } else if theirs.shared > mine.shared {
      counts.other += 1
    } else {
      counts.neither += 1
    }
    guard mine.first > 0 else { return }
    ownShares.append(Double(mine.shared) / Double(mine.first))
    otherShares.append(Double(theirs.shared) / Double(mine.first))
  }

  var measure: SideMeasure {
    var made = counts
    (made.ownShare, made.otherShare) = (ownShares.mean, otherShares.mean)
    return made
  }
}

extension Vocabulary {
  /// Where among a slice's categories the other side of the n-th stands, where both are shown; else nil.
  func otherSide(of n: Int, shownIn slice: EvaluationSlice) -> Int? {
    guard slice.truths[n].count >= Evaluation.leastPixels,
      let category = self[slice.categories[n]],
      let other = otherSide(of: category).flatMap({ slice.categories.firstIndex(of: $0.id) }),
      slice.truths[other].count >= Evaluation.leastPixels
    else { return nil }
    return other
  }
}
