extension Vocabulary {
  /// Finds the category that a text names.
  ///
  /// In this order: an id or display name, a name in any language (case, width, diacritics, `_`
  /// and `-` do not matter), a code with its scheme, the same words in another order or number
  /// ("kidneys, left"), and, if allowed, the nearest name. A fuzzy match never gains, loses or
  /// changes a side, a direction or a number: "left kidny" is the left kidney, "lfet kidney"
  /// nothing. Ties go to the category that stands first.
  /// - Parameters:
  ///   - query: what was asked, in any script.
  ///   - allowFuzzy: whether the nearest name counts; it is a suggestion otherwise.
  public func resolve(_ query: String, allowFuzzy: Bool = true) -> Match {
    guard query.unicodeScalars.count <= NameIndex.longestQuery else {
      return Match(query: query, category: nil, kind: .none, score: 0)
    }
    let folded = FoldedText(query)
    if let certain = certainMatch(query, folded) { return certain }
    let nearest = self.nearest(to: folded)
    if allowFuzzy, let best = nearest.first, best.isMatch {
      return Match(
        query: query, category: categories[best.position].id, kind: .fuzzy, score: best.score)
    }
    return Match(
      query: query, category: nil, kind: .none, score: 0,
      suggestions: nearest.prefix(5).map { categories[$0.position].id })
  }

  private func certainMatch(_ query: String, _ folded: FoldedText) -> Match? {
    func match(_ position: Int, _ kind: Match.Kind) -> Match {
      let category = categories[position]
      let kind = kind != .code && category.isComposite ? .composite : kind
      return Match(query: query, category: category.id, kind: kind, score: 1)
    }
    if let code = index.position(ofCode: query) { return code.map { match($0, .code) } }
    if let position = index.byName[folded.key] { return match(position, .name) }
    if let position = index.bySynonym[folded.key] { return match(position, .synonym) }
    if let positions = index.byCanonical[folded.canonical], let only = single(positions) {
      return match(only, .synonym)
    }
    return nil
  }

  /// The category, if it is one, or the composite that holds all the others.
  private func single(_ positions: Set<Int>) -> Int? {
    if positions.count == 1 { return positions.first }
    let composites = positions.sorted().filter { candidate in
      let parts = Set(leaves[categories[candidate].id] ?? [])
      return positions.allSatisfy { $0 == candidate || parts.contains(categories[$0].id) }
    }
    return composites.count == 1 ? composites.first : nil
  }
}

extension Vocabulary {
  /// A category near a query. `isMatch` says that it is near enough to be what was meant.
  private struct Near {
    var position: Int
    var score: Double
    var isMatch: Bool
  }

  /// Above one wrong letter in five, below two in their wrong order.
  private static let leastMatch = 0.82
  private static let leastSuggestion = 0.45

  /// Categories by how near their nearest name is. Names of the other side are no candidates.
  private func nearest(to query: FoldedText) -> [Near] {
    let key = Array(query.key.unicodeScalars)
    let canonical = Array(query.canonical.unicodeScalars)
    guard key.count > 1 else { return [] }
    var best: [Int: Near] = [:]
    for name in index.candidates(for: query) {
      let known = best[name.position]
      // A match beats any mere suggestion of the same category.
      let least = max(Self.leastSuggestion, known?.isMatch == true ? known?.score ?? 0 : 0)
      let likeness = max(
        Similarity.score(key, name.key, least: least),
        Similarity.score(canonical, name.canonical, least: least))
      let isMatch =
        likeness > Self.leastMatch && key.count > 4 && query.marks == name.folded.marks
        && query.initials == name.folded.initials
      // A name that holds the whole query is worth suggesting however long it is.
      let contained = !isMatch && query.isContained(in: name.folded)
      let score =
        contained ? max(likeness, 0.5 + 0.4 * Double(key.count) / Double(name.key.count)) : likeness
      guard score >= Self.leastSuggestion else { continue }
      let near = Near(position: name.position, score: score, isMatch: isMatch)
      if known.map({ ($0.isMatch ? 1 : 0, $0.score) < (isMatch ? 1 : 0, score) }) ?? true {
        best[name.position] = near
      }
    }
    return best.values.sorted {
      if $0.isMatch != $1.isMatch { return $0.isMatch }
      if $0.score != $1.score { return $0.score > $1.score }
      return $0.position < $1.position
    }
  }
}
