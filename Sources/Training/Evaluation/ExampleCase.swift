/// One of a pair's images, to be looked at: chosen by DSC of M_b.
public struct ExampleCase: Sendable, Codable, Hashable {
  public enum Rank: String, Sendable, Codable, CaseIterable {
    case best, median, worst
  }
  public var rank: Rank
  public var place: CasePlace
  public var dice: Double
}

extension ExampleCase {
  /// Of the images with a place and a value: the best, the (lower) median and the worst, each image
  /// once; ties in the order of file and slice.
  static func choose(_ shown: [Tally.Shown]) -> [ExampleCase] {
    let sorted = shown.compactMap { each -> (place: CasePlace, dice: Double)? in
      guard let place = each.place, let dice = each.binaryDice else { return nil }
      return (place, dice)
    }.sorted {
      ($0.dice, $0.place.image, $0.place.slice ?? 0)
        < ($1.dice, $1.place.image, $1.place.slice ?? 0)
    }
    let last = sorted.count - 1
    let picks: [(Rank, Int)] =
      switch sorted.count {
      case 0: []
      case 1: [(.best, 0)]
      case 2: [(.best, 1), (.worst, 0)]
      default: [(.best, last), (.median, last / 2), (.worst, 0)]
      }
    return picks.map { ExampleCase(rank: $0, place: sorted[$1].place, dice: sorted[$1].dice) }
  }
}
