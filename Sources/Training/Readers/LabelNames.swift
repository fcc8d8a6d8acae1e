import Foundation
import Vocabulary

/// Finds categories for the names that a data set gives its labels, and remembers what it did not
/// find, so that one error says all of it.
struct LabelNames {
  let vocabulary: Vocabulary
  let notes: DataSetNotes
  private var unknown: [(name: String, suggestions: [String])] = []

  init(_ vocabulary: Vocabulary, notes: DataSetNotes) {
    self.vocabulary = vocabulary
    self.notes = notes
  }

  /// The category of a label; nil for background, and for what was not found.
  ///
  /// The notes come first, then the vocabulary's own names. The nearest name is suggested, never
  /// taken: a wrong label would be learnt.
  mutating func category(of name: String) -> String? {
    var wanted = name
    if let said = notes.labels?[name] {
      guard let said else { return nil }
      wanted = said
    }
    let match = vocabulary.resolve(wanted, allowFuzzy: false)
    if let category = match.category { return category }
    if notes.others != "background" || wanted != name {
      unknown.append((wanted, match.suggestions))
    }
    return nil
  }

  /// - Throws: where a name was not found, all of them, with what they may mean.
  func check(_ place: URL) throws(CorpusError) {
    guard !unknown.isEmpty else { return }
    var seen: Set<String> = []
    let listed = unknown.filter { seen.insert($0.name).inserted }.map { name, near in
      "\"\(name)\"" + (near.isEmpty ? "" : " (near \(near.prefix(3).joined(separator: ", ")))")
    }
    throw CorpusError(
      place.path,
      "the vocabulary has no category for \(listed.joined(separator: ", ")); say in "
        + "\(DataSetNotes.fileName) or labels.json which is meant: "
        + "{\"labels\": {\"\(unknown[0].name)\": \"\(unknown[0].suggestions.first ?? "liver")\"}}, "
        + "null for what counts as background, or \"others\": \"background\" for all the rest")
  }

  /// Which of these categories are drawn inside which other, as the notes say it, else as the
  /// vocabulary does. What may be in either part of a pair is in neither for certain.
  func contains(_ categories: Set<String>) -> [String: [String]] {
    if let said = notes.contains { return said }
    var found: [String: [String]] = [:]
    for outer in categories {
      let inner = categories.filter { $0 != outer && lies($0, in: outer) }.sorted()
      if !inner.isEmpty { found[outer] = inner }
    }
    return found
  }

  private func lies(_ inner: String, in outer: String) -> Bool {
    let whole = Set(vocabulary.parts(of: outer)).union([outer])
    var seen: Set<String> = []
    var next = vocabulary.inside(inner)
    while let current = next, seen.insert(current).inserted {
      if whole.contains(current) { return true }
      next = vocabulary.inside(current)
    }
    return false
  }
}
