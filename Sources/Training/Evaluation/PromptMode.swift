import Imaging

/// Where simulated boxes and first clicks are set: the five modes of Mazurowski et al. (arXiv
/// 2304.10517, section 2).
public enum PromptMode: String, Sendable, Codable, CaseIterable {
  /// A click at the centre of the largest contiguous region.
  case pointLargest = "point-largest"
  /// A click in each of up to three largest regions, in one query.
  case pointParts = "point-parts"
  /// A box around the largest region.
  case boxLargest = "box-largest"
  /// A box around each of up to three largest regions: a query each, their masks united.
  case boxParts = "box-parts"
  /// A box around the whole object.
  case boxWhole = "box-whole"

  public var isOfPoints: Bool { self == .pointLargest || self == .pointParts }
  /// Regions at most.
  static let mostRegions = 3

  /// The parts of an object that are prompted for, the largest first; none of an empty one.
  func regions(of truth: BinaryMask) -> [BinaryMask] {
    switch self {
    case .pointLargest, .boxLargest: truth.regions(most: 1)
    case .pointParts, .boxParts: truth.regions(most: Self.mostRegions)
    case .boxWhole: truth.count > 0 ? [truth] : []
    }
  }
}

extension BinaryMask {
  /// The largest connected pieces, the largest first; of equal ones the first.
  func regions(most: Int) -> [BinaryMask] {
    let pieces = Components(self, connectivity: .corners)
    let order = pieces.sizes.indices.sorted {
      (pieces.sizes[$1], $0) < (pieces.sizes[$0], $1)
    }
    return order.prefix(most).map { piece in
      let name = Int32(piece + 1)
      return BinaryMask(
        width: width, height: height, depth: depth,
        voxels: pieces.labels.map { $0 == name ? 1 : 0 })
    }
  }
}
