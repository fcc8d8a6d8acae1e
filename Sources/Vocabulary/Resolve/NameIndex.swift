import Foundation

/// Every name and code of the vocabulary, ready to be looked up. Built once.
struct NameIndex: Sendable {
  /// A name as the fuzzy search compares it.
  struct Name: Sendable {
    let position: Int
    let folded: FoldedText
    let key: [Unicode.Scalar]
    let canonical: [Unicode.Scalar]
  }

  /// A longer query is nobody's name; bounds the work of the fuzzy search.
  static let longestQuery = 200

  /// Folded ids and display names to positions of categories.
  private(set) var byName: [String: Int] = [:]
  /// Folded names of all languages.
  private(set) var bySynonym: [String: Int] = [:]
  /// Canonical forms; several categories may share one, which then means none of them.
  private(set) var byCanonical: [String: Set<Int>] = [:]
  /// `scheme:code`, see ``codeKey(scheme:code:)``.
  private(set) var byCode: [String: Int] = [:]
  /// The schemes that have codes.
  private(set) var schemes: Set<String> = []
  private(set) var names: [Name] = []
  /// Pairs of letters within words, word ends counted, to the names that have them.
  private var byBigram: [UInt64: [Int32]] = [:]
  private var bigramCounts: [Int] = []

  init(_ categories: [Category]) {
    for (position, category) in categories.enumerated() {
      for own in [category.id, category.name] {
        add(own, position) { $0.byName[$1] = $0.byName[$1] ?? position }
      }
      let texts = category.names.sorted { $0.key < $1.key }.flatMap(\.value)
      for text in texts + [category.codes["TotalSegmentator"]].compactMap({ $0 }) {
        add(text, position) { $0.bySynonym[$1] = $0.bySynonym[$1] ?? position }
      }
      for (scheme, code) in category.codes {
        let key = Self.codeKey(scheme: scheme, code: code)
        byCode[key] = byCode[key] ?? position
        schemes.insert(Self.schemeKey(scheme))
      }
    }
  }

  private mutating func add(
    _ text: String, _ position: Int, insert: (inout NameIndex, String) -> Void
  ) {
    let folded = FoldedText(text)
    guard !folded.key.isEmpty else { return }
    insert(&self, folded.key)
    byCanonical[folded.canonical, default: []].insert(position)
    let bigrams = Self.bigrams(of: folded.key)
    for bigram in bigrams { byBigram[bigram, default: []].append(Int32(names.count)) }
    bigramCounts.append(bigrams.count)
    names.append(
      Name(
        position: position, folded: folded, key: Array(folded.key.unicodeScalars),
        canonical: Array(folded.canonical.unicodeScalars)))
  }
}

extension NameIndex {
  static func codeKey(scheme: String, code: String) -> String {
    schemeKey(scheme) + ":" + FoldedText.fold(code)
  }

  private static func schemeKey(_ scheme: String) -> String {
    let folded = FoldedText.fold(scheme).replacingOccurrences(of: " ", with: "")
    return ["snomedct": "sct", "snomed": "sct"][folded] ?? folded
  }

  /// The category of `scheme:code`; an outer `nil` where the text has no scheme of ours.
  func position(ofCode text: String) -> Int?? {
    // A full-width colon counts: it is what a Chinese keyboard types.
    guard let colon = text.firstIndex(where: { $0 == ":" || $0 == "：" }) else { return nil }
    let scheme = String(text[..<colon])
    guard schemes.contains(Self.schemeKey(scheme)) else { return nil }
    let code = String(text[text.index(after: colon)...])
    return .some(byCode[Self.codeKey(scheme: scheme, code: code)])
  }
}

extension NameIndex {
  /// Names examined closely for a query: enough for every category that could be meant.
  static let shortlist = 48

  /// The names that share most pairs of letters with a text (Dice's coefficient), the likeliest
  /// first. Word order does not count; a name of the other side is left out.
  func candidates(for query: FoldedText) -> [Name] {
    let bigrams = Self.bigrams(of: query.key)
    var shared = [Int](repeating: 0, count: names.count)
    for bigram in bigrams {
      for number in byBigram[bigram] ?? [] { shared[Int(number)] += 1 }
    }
    var ranked: [(dice: Double, number: Int)] = []
    for (number, count) in shared.enumerated() where count > 0 {
      let dice = Double(2 * count) / Double(bigrams.count + bigramCounts[number])
      let sides = names[number].folded.sides
      guard dice > 0.2, query.sides.isEmpty || sides.isEmpty || query.sides == sides
      else { continue }
      ranked.append((dice, number))
    }
    ranked.sort { ($1.dice, $0.number) < ($0.dice, $1.number) }
    return ranked.prefix(Self.shortlist).map { names[$0.number] }
  }

  private static func bigrams(of key: String) -> Set<UInt64> {
    var found: Set<UInt64> = []
    for word in key.split(separator: " ") {
      var previous: UInt64 = 0
      for scalar in word.unicodeScalars {
        found.insert(previous << 32 | UInt64(scalar.value))
        previous = UInt64(scalar.value)
      }
      found.insert(previous << 32)
    }
    return found
  }
}
