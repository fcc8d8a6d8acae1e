/// What somebody may have meant.
enum Suggestion {
  /// The candidate with the fewest edits, if they are few for the word's length.
  static func closest(to word: String, among candidates: some Sequence<String>) -> String? {
    let letters = Array(word.lowercased().prefix(64))
    var best: (name: String, edits: Int)?
    for name in candidates {
      let edits = distance(letters, Array(name.lowercased()))
      guard edits <= max(2, name.count / 3), edits < name.count else { continue }
      if best.map({ edits < $0.edits }) ?? true { best = (name, edits) }
    }
    return best?.name
  }

  /// Insertions, deletions, substitutions and swaps of neighbours (optimal string alignment).
  static func distance(_ a: [Character], _ b: [Character]) -> Int {
    if a.isEmpty || b.isEmpty { return max(a.count, b.count) }
    var before = [Int](repeating: 0, count: b.count + 1)
    var above = Array(0...b.count)
    for i in 1...a.count {
      var row = [i] + [Int](repeating: 0, count: b.count)
      for j in 1...b.count {
        let substitution = above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)
        row[j] = min(above[j] + 1, row[j - 1] + 1, substitution)
        if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] {
          row[j] = min(row[j], before[j - 2] + 1)
        }
      }
      (before, above) = (above, row)
    }
    return above[b.count]
  }
}
