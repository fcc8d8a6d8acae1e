import Imaging
import SegSAM

/// Collects what `RobustnessReport` says, image by image.
struct RobustnessTally {
  private struct Key: Hashable {
    var dataSet: String, category: String
  }
  private struct Mean {
    var sum = 0.0, count = 0
    mutating func add(_ value: Double) {
      sum += value
      count += 1
    }
    var value: Double? { count == 0 ? nil : sum / Double(count) }
  }

  private var dices: [Key: [Wording: Mean]] = [:]
  private var names: [String: [Wording: RobustnessReport.Names]] = [:]
  private var foreign: [String: RobustnessReport.Foreign] = [:]
  var sides = SideTally(), swappedSides = SideTally()

  /// What the vocabulary makes of a category's names; told once or again.
  mutating func note(_ phrasings: [Phrasing], of category: String) {
    var found: [Wording: RobustnessReport.Names] = [:]
    for each in phrasings {
      guard [.synonym, .latin, .chinese, .misspelling].contains(each.wording) else { continue }
      var counts = found[each.wording] ?? RobustnessReport.Names()
      counts.asked += 1
      switch each.query?.subject {
      case .category(let id): if id == category { counts.same += 1 } else { counts.other += 1 }
      default: counts.none += 1
      }
      found[each.wording] = counts
    }
    names[category] = found
  }

  /// - Parameter values: DSC of one image's answers to one wording.
  mutating func add(_ values: [Double], dataSet: String, category: String, wording: Wording) {
    guard let mean = values.mean else { return }
    dices[Key(dataSet: dataSet, category: category), default: [:]][wording, default: Mean()]
      .add(mean)
  }

  mutating func addForeign(_ masks: [Bool], dataSet: String, modality: String) {
    guard !masks.isEmpty else { return }
    var sum =
      foreign[dataSet]
      ?? RobustnessReport.Foreign(dataSet: dataSet, modality: modality, asked: 0, masks: 0)
    sum.asked += masks.count
    sum.masks += masks.count { $0 }
    foreign[dataSet] = sum
  }

  var report: RobustnessReport {
    let sorted = dices.sorted {
      ($0.key.dataSet, $0.key.category) < ($1.key.dataSet, $1.key.category)
    }
    let rows = Wording.allCases.map { wording -> RobustnessReport.Row in
      let mine = sorted.filter { $0.value[wording] != nil }
      let counts = names.values.compactMap { $0[wording] }
      let total = counts.reduce(into: RobustnessReport.Names()) { total, each in
        total.asked += each.asked
        total.same += each.same
        total.other += each.other
        total.none += each.none
      }
      return RobustnessReport.Row(
        wording: wording, pairs: mine.count,
        dice: mine.compactMap { $0.value[wording]?.value }.mean,
        usualDice: mine.compactMap { $0.value[.usual]?.value }.mean,
        names: counts.isEmpty ? nil : total)
    }
    return RobustnessReport(
      rows: rows.filter { $0.pairs > 0 || $0.names != nil },
      pairs: sorted.map { key, dice in
        RobustnessReport.Pair(
          dataSet: key.dataSet, category: key.category, n: dice[.usual]?.count ?? 0,
          dice: Dictionary(
            uniqueKeysWithValues: dice.compactMap { wording, mean in
              mean.value.map { (wording.rawValue, $0) }
            }))
      },
      sides: sides.measure, swappedSides: swappedSides.measure,
      foreign: foreign.values.sorted { $0.dataSet < $1.dataSet })
  }
}
