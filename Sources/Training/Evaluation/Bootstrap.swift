/// Intervals of mean DSC by drawing patients with replacement: images of a patient are not independent.
struct Bootstrap {
  struct Intervals: Sendable {
    var binary: Interval?, semantic: Interval?
  }

  /// Of each pair, and of the mean over pairs: the patients of a data set are drawn for all its pairs
  /// at once.
  let pairs: [Intervals]
  let all: Intervals

  init(_ tallies: [Tally], draws: Int = 1000, seed: UInt64 = 1) {
    let binary = Self.intervals(tallies, \.binaryDice, draws: draws, seed: seed)
    let semantic = Self.intervals(tallies, \.semanticDice, draws: draws, seed: seed)
    pairs = zip(binary.pairs, semantic.pairs).map { Intervals(binary: $0, semantic: $1) }
    all = Intervals(binary: binary.all, semantic: semantic.all)
  }

  private static func intervals(
    _ tallies: [Tally], _ value: (Tally.Shown) -> Double?, draws: Int, seed: UInt64
  ) -> (pairs: [Interval?], all: Interval?) {
    // Of each data set its patients; of each pair, sum and count of each patient's images.
    var patients: [String: [String]] = [:]
    for tally in tallies {
      patients[tally.dataSet, default: []] += tally.shown.map(\.patient)
    }
    let known = patients.mapValues { Set($0).sorted() }
    let sets = known.keys.sorted()
    let sums = tallies.map { tally -> [(sum: Double, count: Int)] in
      let places = Dictionary(
        uniqueKeysWithValues: (known[tally.dataSet] ?? []).enumerated().map { ($1, $0) })
      var sums = [(sum: Double, count: Int)](repeating: (0, 0), count: places.count)
      for image in tally.shown {
        guard let value = value(image), let at = places[image.patient] else { continue }
        sums[at].sum += value
        sums[at].count += 1
      }
      return sums
    }
    var random = SeededRandom(seed: seed)
    var means = [[Double]](repeating: [], count: tallies.count)
    var overall: [Double] = []
    for _ in 0..<draws {
      let picks = Dictionary(
        uniqueKeysWithValues: sets.map { set -> (String, [Int]) in
          let count = known[set]?.count ?? 0
          return (set, (0..<count).map { _ in random.below(count) })
        })
      var round: [Double] = []
      for (n, tally) in tallies.enumerated() {
        var (sum, count) = (0.0, 0)
        for pick in picks[tally.dataSet] ?? [] {
          sum += sums[n][pick].sum
          count += sums[n][pick].count
        }
        // A round that drew none of the patients who show it says nothing of it.
        guard count > 0 else { continue }
        means[n].append(sum / Double(count))
        round.append(sum / Double(count))
      }
      if let mean = round.mean { overall.append(mean) }
    }
    // One patient has no spread to draw from.
    let pairs = means.enumerated().map { n, values in
      sums[n].count { $0.count > 0 } > 1 ? middle(values) : nil
    }
    return (pairs, middle(overall))
  }

  /// From the 2.5th to the 97.5th percentile.
  static func middle(_ values: [Double]) -> Interval? {
    guard !values.isEmpty else { return nil }
    let sorted = values.sorted()
    func at(_ share: Double) -> Double {
      sorted[min(Int((share * Double(sorted.count)).rounded(.down)), sorted.count - 1)]
    }
    return Interval(low: at(0.025), high: at(0.975))
  }
}
