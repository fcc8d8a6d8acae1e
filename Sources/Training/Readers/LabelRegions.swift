/// Labels that may share mask values (nnU-Net's regions), as the corpus has them: one category a
/// value, and which categories lie inside which.
struct LabelRegions {
  struct Region {
    var category: String
    /// As they stand in the files.
    var values: Set<UInt16>
  }

  /// Mask value → category.
  private(set) var labels: [UInt16: String] = [:]
  /// Value in the files → value in `labels`, where they differ; 0 for background.
  private(set) var rewritten: [UInt16: UInt16] = [:]
  /// By set inclusion.
  private var inside: [String: [String]] = [:]
  var categories: Set<String> { Set(labels.values) }

  /// - Parameter background: values of labels that are left out.
  /// - Throws: for regions that overlap without one inside the other, and for more than 255 of them.
  init(_ regions: [Region], background: Set<UInt16>, place: String) throws(CorpusError) {
    var merged: [String: Set<UInt16>] = [:]
    for region in regions { merged[region.category, default: []].formUnion(region.values) }
    let all = merged.values.reduce(into: Set<UInt16>()) { $0.formUnion($1) }
    for value in background.subtracting(all) { rewritten[value] = 0 }
    let bySize = merged.sorted { ($0.value.count, $0.key) < ($1.value.count, $1.key) }
    var own: [String: UInt16] = [:]
    for value in all.sorted() {
      let owners = bySize.filter { $0.value.contains(value) }
      guard let least = owners.first else { continue }
      if let other = owners.dropFirst().first(where: { !least.value.isStrictSubset(of: $0.value) })
      {
        throw CorpusError(
          place,
          "\(least.key) and \(other.key) share mask value \(value), and neither lies inside the "
            + "other; leave one of them out")
      }
      if let first = own[least.key] {
        rewritten[value] = first
      } else {
        own[least.key] = value
        labels[value] = least.key
      }
    }
    // A union of others has no value of its own: one that no file holds.
    var free: UInt16 = 1
    for (category, values) in bySize {
      let inner = bySize.filter { $0.value.isStrictSubset(of: values) }.map(\.key).sorted()
      if !inner.isEmpty { inside[category] = inner }
      guard own[category] == nil else { continue }
      while all.contains(free) || background.contains(free) || labels[free] != nil { free += 1 }
      labels[free] = category
    }
    guard labels.count <= 255 else {
      throw CorpusError(place, "a data set has at most 255 labels, not \(labels.count)")
    }
    guard !labels.isEmpty else { throw CorpusError(place, "none of its labels is a category") }
  }

  /// What lies inside what, by inclusion and by what else is known.
  func contains(and other: [String: [String]]) -> [String: [String]] {
    inside.merging(other) { Array(Set($0 + $1)).sorted() }
  }
}
