/// How a category is asked for in words.
public enum Wording: String, Sendable, Codable, CaseIterable {
  /// By its English display name: what the others are compared with.
  case usual
  /// By its other English names, its Latin and its Chinese ones.
  case synonym, latin, chinese
  /// By the usual name with one letter dropped, one doubled, and two exchanged.
  case misspelling
  /// With left and right exchanged in its description; for categories of one side.
  case swappedSides
  /// By the sentences of its description, without its name, as one free text.
  case passage
  /// By what people might type who never read the description, as free text.
  case paraphrase
  /// By its own six sentences, without saying which category they are of.
  case unnamed

  public var title: String {
    switch self {
    case .usual: "usual name"
    case .synonym: "other English names"
    case .latin: "Latin names"
    case .chinese: "Chinese names"
    case .misspelling: "one slip of typing"
    case .swappedSides: "left and right exchanged in the description"
    case .passage: "free text: its description in one"
    case .paraphrase: "free text: unseen paraphrases"
    case .unnamed: "free text: its six sentences"
    }
  }
}

/// A slip of typing.
enum Misspelling: CaseIterable {
  case dropped, doubled, exchanged

  /// The name with one slip at a place drawn by lot; nil where there is no place for it.
  func made(in name: String, random: inout SeededRandom) -> String? {
    var letters = Array(name)
    let places = letters.indices.filter { n in
      guard letters[n].isLetter else { return false }
      guard self == .exchanged else { return true }
      return n + 1 < letters.count && letters[n + 1].isLetter
        && letters[n].lowercased() != letters[n + 1].lowercased()
    }
    guard !places.isEmpty, letters.count > 1 else { return nil }
    let at = places[random.below(places.count)]
    switch self {
    case .dropped: letters.remove(at: at)
    case .doubled: letters.insert(letters[at], at: at)
    case .exchanged: letters.swapAt(at, at + 1)
    }
    return String(letters)
  }
}

/// Left for right and right for left, in words.
enum SideSwap {
  private static let pairs = [
    "left": "right", "right": "left", "leftward": "rightward", "rightward": "leftward",
    "leftwards": "rightwards", "rightwards": "leftwards", "leftmost": "rightmost",
    "rightmost": "leftmost",
  ]

  /// Whole words only, a capital kept: "bright" stays, "Left-sided" becomes "Right-sided".
  static func apply(_ text: String) -> String {
    var (result, word) = ("", "")
    func swapped() -> String {
      guard let other = pairs[word.lowercased()] else { return word }
      return word.first?.isUppercase == true
        ? other.prefix(1).uppercased() + other.dropFirst() : other
    }
    for letter in text {
      if letter.isLetter {
        word.append(letter)
      } else {
        result += swapped() + String(letter)
        word = ""
      }
    }
    return result + swapped()
  }
}
