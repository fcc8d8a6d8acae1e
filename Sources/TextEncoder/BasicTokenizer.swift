import Foundation

/// Cleans a text and cuts it into words, as BERT's uncased models were trained on.
///
/// Equal to Hugging Face's `BertNormalizer` and `BertPreTokenizer`: control characters go, CJK
/// ideographs stand alone, accents are stripped (NFD, without nonspacing marks), all is lower
/// case, and each punctuation mark is a word of its own.
enum BasicTokenizer {
  /// The words of a text, each as its Unicode scalars, none empty.
  static func words(of text: Substring.UnicodeScalarView) -> [[Unicode.Scalar]] {
    var words: [[Unicode.Scalar]] = []
    var word: [Unicode.Scalar] = []
    func close() {
      if !word.isEmpty { words.append(word) }
      word = []
    }
    for scalar in normalize(text) {
      if scalar.properties.isWhitespace {
        close()
      } else if isPunctuation(scalar) {
        close()
        words.append([scalar])
      } else {
        word.append(scalar)
      }
    }
    close()
    return words
  }

  private static func normalize(_ text: Substring.UnicodeScalarView) -> [Unicode.Scalar] {
    var cleaned = String.UnicodeScalarView()
    for scalar in text {
      if isIdeograph(scalar) {
        cleaned.append(" ")
        cleaned.append(scalar)
        cleaned.append(" ")
      } else if isSpace(scalar) {
        cleaned.append(" ")
      } else if !isRemoved(scalar) {
        cleaned.append(scalar)
      }
    }
    var result: [Unicode.Scalar] = []
    for scalar in String(cleaned).decomposedStringWithCanonicalMapping.unicodeScalars
    where !(scalar.properties.generalCategory == .nonspacingMark && isOld(scalar)) {
      if scalar.isASCII {
        let upper = scalar.value >= 65 && scalar.value <= 90
        result.append(upper ? Unicode.Scalar(UInt8(scalar.value + 32)) : scalar)
      } else {
        result.append(contentsOf: scalar.properties.lowercaseMapping.unicodeScalars)
      }
    }
    return result
  }

  private static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar {
    case "\t", "\n", "\r": true
    default: !isRemoved(scalar) && scalar.properties.isWhitespace
    }
  }

  private static func isRemoved(_ scalar: Unicode.Scalar) -> Bool {
    if scalar.value >= 0x20 && scalar.value < 0x7F { return false }
    if scalar == "\t" || scalar == "\n" || scalar == "\r" { return false }
    if scalar.value == 0 || scalar.value == 0xFFFD { return true }
    switch scalar.properties.generalCategory {
    case .control, .privateUse, .surrogate: return true
    case .format: return isOld(scalar)
    default: return false
    }
  }

  private static func isPunctuation(_ scalar: Unicode.Scalar) -> Bool {
    if scalar.isASCII {
      switch scalar.value {
      case 33...47, 58...64, 91...96, 123...126: return true
      default: return false
      }
    }
    switch scalar.properties.generalCategory {
    case .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation,
      .initialPunctuation, .finalPunctuation, .otherPunctuation:
      return isOld(scalar)
    default: return false
    }
  }

  /// The reference library's tables of categories are those of Unicode 8: what came later has no
  /// category there and is an ordinary character.
  private static func isOld(_ scalar: Unicode.Scalar) -> Bool {
    guard let age = scalar.properties.age else { return false }
    return age.major <= 8
  }

  /// BERT's ranges of CJK ideographs, its slip in the fifth (2B920 for 2B820) kept.
  private static func isIdeograph(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x4E00...0x9FFF, 0x3400...0x4DBF, 0x20000...0x2A6DF, 0x2A700...0x2B73F,
      0x2B740...0x2B81F, 0x2B920...0x2CEAF, 0xF900...0xFAFF, 0x2F800...0x2FA1F:
      true
    default: false
    }
  }
}
