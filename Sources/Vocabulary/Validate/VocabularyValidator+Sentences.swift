extension VocabularyValidator {
  /// Sentences that stand in two files once names and sides are taken out: such a text says nothing
  /// of its category.
  static func sentenceFindings(in files: VocabularyFiles) -> [Finding] {
    let bareness = Bareness(files.categories.map(\.value))
    var owners: [String: String] = [:]
    var findings: [Finding] = []
    for located in files.descriptions {
      var own: Set<String> = []
      for (aspect, text) in texts(of: located.value) {
        for sentence in sentences(in: text) {
          let bare = bareness.bare(sentence)
          guard own.insert(bare).inserted else { continue }
          if let other = owners[bare] {
            findings.append(
              Finding(
                .sharedSentence, file: located.file, entry: located.value.category,
                "aspects.\(aspect): \"\(sentence)\" stands in \(other) too, but for names and sides"
              ))
          } else {
            owners[bare] = located.file
          }
        }
      }
    }
    return findings
  }

  private static func texts(of description: Description) -> [(String, String)] {
    [
      ("shape", description.shape), ("texture", description.texture),
      ("location", description.location),
    ] + description.appearance.sorted { $0.key < $1.key }.map { ("appearance.\($0)", $1) }
      + [("neighbours", description.neighbours)]
  }

  /// Splits after `.`, `!`, `?` or `;` that a space follows, so that "1.5 cm" stays whole.
  static func sentences(in text: String) -> [String] {
    var sentences: [String] = []
    var current = ""
    var ended = false
    for character in text {
      if ended, character.isWhitespace {
        sentences.append(current)
        current = ""
      } else if !(current.isEmpty && character.isWhitespace) {
        current.append(character)
      }
      ended = ".!?;".contains(character)
    }
    return (current.isEmpty ? sentences : sentences + [current]).filter { $0.count > 1 }
  }
}

/// Takes category names, sides and numbered levels out of sentences.
struct Bareness: Sendable {
  /// Names as lists of normalised words, by their first word, the longest first.
  private let names: [String: [[String]]]

  private static let sides: Set<String> = [
    "left", "right", "sinister", "dexter", "bilateral", "both", "side", "sided",
  ]

  init(_ categories: [Category]) {
    var names: [String: Set<[String]>] = [:]
    for category in categories {
      let texts = [category.name] + (category.names["en"] ?? []) + (category.names["la"] ?? [])
      for text in texts {
        let words = Self.words(text).filter { !Self.sides.contains($0) }
        if let first = words.first { names[first, default: []].insert(words) }
      }
    }
    self.names = names.mapValues { lists in
      lists.sorted { ($1.count, $0.joined()) < ($0.count, $1.joined()) }
    }
  }

  private static func words(_ text: String) -> [String] {
    FoldedText.fold(text).split(separator: " ").map { FoldedText.normalised(String($0)) }
  }

  /// What is left of a sentence, folded: two sentences with the same rest say the same.
  func bare(_ sentence: String) -> String {
    let words = Self.words(sentence).filter { !Self.sides.contains($0) }
    var rest: [String] = []
    var position = 0
    while position < words.count {
      let tail = words[position...]
      if let name = names[words[position]]?.first(where: { tail.starts(with: $0) }) {
        position += name.count
      } else {
        // Levels and ordinals are names too: "T4" or "4th" alone make no sentence a new one.
        let word = words[position]
        if !Self.isLevel(word) { rest.append(word) }
        position += 1
      }
    }
    return rest.joined(separator: " ")
  }

  private static func isLevel(_ word: String) -> Bool {
    guard let first = word.utf8.first, "ctls".utf8.contains(first), word.utf8.count > 1
    else { return ordinals.contains(word) }
    return word.utf8.dropFirst().allSatisfy { (48...57).contains($0) }
  }

  private static let ordinals: Set<String> = [
    "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth",
    "eleventh", "twelfth",
  ]
}
