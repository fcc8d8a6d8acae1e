/// Which part of a corpus is used: to hold a category out, or to see what few images are worth.
public struct CorpusChoice: Sendable, Hashable {
  /// Nil: all.
  public var only: Set<String>?
  public var without: Set<String> = []
  /// Cases of each data set and split, at most, evenly from all that are left; nil: all.
  public var limit: Int?
  public init(only: Set<String>? = nil, without: Set<String> = [], limit: Int? = nil) {
    self.only = only
    self.without = without
    self.limit = limit
  }

  func takes(_ category: String) -> Bool {
    !without.contains(category) && only?.contains(category) ?? true
  }
}

extension Corpus {
  /// The chosen part. What is left out counts as never drawn: as what holds it, or as background, and
  /// as not looked for.
  /// Data sets without a label that is left go, and so do cases that show none, where `only` is given.
  ///
  /// - Throws: `CorpusError` for a category that no data set has.
  public func chosen(_ choice: CorpusChoice) throws(CorpusError) -> Corpus {
    let asked = choice.without.union(choice.only ?? [])
    if let unknown = asked.subtracting(categories).min() {
      throw CorpusError(
        unknown, "no data set has this category; there are \(categories.joined(separator: ", "))")
    }
    return Corpus(dataSets: dataSets.compactMap { $0.chosen(choice) })
  }
}

extension Corpus.DataSet {
  fileprivate func chosen(_ choice: CorpusChoice) -> Corpus.DataSet? {
    var set = self
    set.labels = labels.filter { choice.takes($0.value) }
    guard !set.labels.isEmpty else { return nil }
    // Each mask value that goes becomes that of the smallest thing that holds it, or none.
    var replaced: [UInt16: UInt16] = [:]
    for (value, category) in labels where !choice.takes(category) {
      let holders = set.labels.filter { contains[$0.value]?.contains(category) ?? false }
      replaced[value] =
        holders.min { (contains[$0.value]?.count ?? 0) < (contains[$1.value]?.count ?? 0) }?.key
        ?? 0
    }
    set.rewritten = rewritten.mapValues { replaced[$0] ?? $0 }
      .merging(replaced.filter { rewritten[$0.key] == nil }) { old, _ in old }
    set.contains = contains.filter { choice.takes($0.key) }
      .mapValues { $0.filter { choice.takes($0) } }
    set.cases = cases.compactMap { each in
      var each = each
      each.annotated = each.annotated.filter { choice.takes($0) }
      for n in each.masks.indices {
        if let value = each.masks[n].value { each.masks[n].value = replaced[value] ?? value }
      }
      return choice.only != nil && each.annotated.isEmpty ? nil : each
    }
    guard let limit = choice.limit else { return set }
    set.cases = Split.allCases.flatMap { split in
      let mine = set.cases.filter { $0.split == split }
      let count = min(limit, mine.count)
      return (0..<count).map { mine[$0 * mine.count / count] }
    }
    return set
  }
}
