import Foundation

/// A name or query in the forms in which it is compared.
struct FoldedText: Sendable, Hashable {
  /// Case, width and diacritics folded, everything but letters and digits taken as one space, no
  /// space between two Han characters: "Left_Kidney" and "left kidney" are one.
  let key: String
  /// The words of ``key`` in the singular, in American spelling, sorted: "kidneys, left" and "left
  /// kidney" are one.
  let canonical: String
  /// Words that tell two things apart however alike the rest is: sides, directions, numbers.
  let marks: [String]
  let sides: Set<Side>
  /// First letters of the words, sorted. Slips of typing seldom hit them, and where they differ the
  /// word is another: a carotid is no parotid.
  let initials: String

  enum Side: Sendable {
    case left, right
  }

  init(_ text: String) {
    key = Self.fold(text)
    let words = key.split(separator: " ").map { Self.normalised(String($0)) }
    let kept = words.filter { !Self.fillers.contains($0) }
    let ordered = (kept.isEmpty ? words : kept).sorted()
    canonical = ordered.joined(separator: " ")
    initials = String(ordered.compactMap(\.first))
    marks = words.flatMap(Self.marks).sorted()
    sides = Set(marks.compactMap { ["left": .left, "right": .right][$0] })
  }
}

extension FoldedText {
  static func fold(_ text: String) -> String {
    var folded = ""
    var pendingSpace = false
    for scalar in text.decomposedStringWithCompatibilityMapping.lowercased().unicodeScalars {
      if scalar.properties.generalCategory == .nonspacingMark || isApostrophe(scalar) { continue }
      guard scalar.properties.isAlphabetic || scalar.properties.numericType != nil else {
        pendingSpace = true
        continue
      }
      if pendingSpace, let last = folded.unicodeScalars.last, !(isHan(last) && isHan(scalar)) {
        folded.append(" ")
      }
      pendingSpace = false
      if let letters = ligatures[scalar] {
        folded.append(letters)
      } else {
        folded.unicodeScalars.append(scalar)
      }
    }
    return folded
  }

  private static let ligatures: [Unicode.Scalar: String] = [
    "æ": "ae", "œ": "oe", "ß": "ss", "ø": "o", "ł": "l", "đ": "d", "ı": "i",
  ]

  private static func isApostrophe(_ scalar: Unicode.Scalar) -> Bool {
    scalar == "'" || scalar == "\u{2019}" || scalar == "\u{2BC}"
  }

  static func isHan(_ scalar: Unicode.Scalar) -> Bool {
    scalar.properties.isIdeographic
  }

  /// Words that carry nothing: "both kidneys" are the kidneys.
  private static let fillers: Set<String> = ["the", "of", "both", "bilateral", "a"]
}

extension FoldedText {
  /// One word in the singular, in American spelling, sides written out. Only equality of what
  /// comes out matters, not that it is a word.
  static func normalised(_ word: String) -> String {
    if let other = irregular[word] { return other }
    guard word.utf8.count > 3, word.utf8.allSatisfy({ (97...122).contains($0) }) else {
      return word
    }
    var stem = singular(word)
    for (british, american) in [("ae", "e"), ("oe", "e"), ("our", "or")] {
      stem = stem.replacingOccurrences(of: british, with: american)
    }
    return stem
  }

  private static func singular(_ word: String) -> String {
    if word.hasSuffix("ies"), word.count > 4 { return word.dropLast(3) + "y" }
    if ["sses", "xes", "ches", "shes"].contains(where: word.hasSuffix) {
      return String(word.dropLast(2))
    }
    if word.hasSuffix("s"), !["ss", "us", "is", "as", "ps"].contains(where: word.hasSuffix) {
      return String(word.dropLast())
    }
    return word
  }

  /// Sides and plurals that the rules above would miss.
  private static let irregular: [String: String] = [
    "lt": "left", "rt": "right", "vertebrae": "vertebra", "metastases": "metastasis",
    "pelves": "pelvis", "areas": "area", "scapulae": "scapula", "scapulas": "scapula",
    "clavicles": "clavicle", "claviculae": "clavicula", "pancreases": "pancreas",
    "hips": "hip", "polyps": "polyp", "lens": "lens", "lenses": "lens", "nuclei": "nucleus",
    "atria": "atrium", "hippocampi": "hippocampus", "thalami": "thalamus", "humeri": "humerus",
    "femurs": "femur", "menisci": "meniscus", "bronchi": "bronchus", "thrombi": "thrombus",
    "carcinomata": "carcinoma", "haematomata": "hematoma", "hematomata": "hematoma",
    "calves": "calf", "ureters": "ureter", "uteri": "uterus", "aneurysmata": "aneurysm",
  ]
}

extension FoldedText {
  /// The distinguishing marks in one normalised word.
  private static func marks(in word: String) -> [String] {
    if word.unicodeScalars.contains(where: isHan) {
      return word.unicodeScalars.compactMap { hanMarks[$0] ?? digit($0) }
    }
    if word.contains(where: \.isNumber) { return [word] }
    if let side = latinSides.first(where: { word.hasPrefix($0.key) })?.value { return [side] }
    return distinguishing.contains(word) ? [word] : []
  }

  private static func digit(_ scalar: Unicode.Scalar) -> String? {
    scalar.properties.numericType == nil ? nil : String(scalar)
  }

  private static let latinSides = ["sinist": "left", "dext": "right"]

  private static let hanMarks: [Unicode.Scalar: String] = [
    "左": "left", "右": "right", "上": "上", "下": "下", "中": "中", "前": "前", "后": "后", "内": "内",
    "外": "外", "升": "升", "降": "降", "大": "大", "小": "小", "动": "动", "静": "静",
  ]

  private static let distinguishing: Set<String> = [
    "left", "right", "upper", "lower", "middle", "superior", "inferior", "anterior", "posterior",
    "internal", "external", "medial", "lateral", "ascending", "descending", "maximus", "medius",
    "minimus", "artery", "vein", "inner", "outer", "proximal", "distal", "first", "second", "i",
    "ii", "iii", "iv", "non",
  ]
}

extension FoldedText {
  /// Whether a longer name says all that this text says: "carotid", "common carotid artery".
  func isContained(in name: FoldedText) -> Bool {
    guard key.unicodeScalars.count > 1 else { return false }
    return name.key.contains(key)
      || Set(canonical.split(separator: " ")).isSubset(of: name.canonical.split(separator: " "))
  }
}
