/// Tells texts that the English encoder can read from those in other scripts.
enum LatinScript {
  /// - Throws: `TextEncoderError.script` with the first word in another script, `.empty` where there
  ///   is no letter.
  static func check(_ text: String) throws(TextEncoderError) {
    var letters = 0
    for word in text.split(whereSeparator: \.isWhitespace) {
      for scalar in word.unicodeScalars {
        if isLatin(scalar) {
          letters += 1
        } else if scalar.properties.isAlphabetic && !isSymbol(scalar) {
          throw .script(found: String(word.prefix(32)))
        }
      }
    }
    guard letters == 0 else { return }
    // Symbols alone: Greek words, say.
    guard !text.unicodeScalars.contains(where: \.properties.isAlphabetic) else {
      throw .script(found: String(text.prefix(32)))
    }
    throw .empty
  }

  /// The blocks of the Latin script.
  private static func isLatin(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x41...0x5A, 0x61...0x7A, 0xAA, 0xBA, 0xC0...0xD6, 0xD8...0xF6, 0xF8...0x2AF,
      0x1E00...0x1EFF, 0x212A...0x212B, 0x2C60...0x2C7F, 0xA722...0xA7FF, 0xAB30...0xAB6F,
      0xFB00...0xFB06, 0xFF21...0xFF3A, 0xFF41...0xFF5A:
      true
    default: false
    }
  }

  /// Letters that stand in English texts as symbols: Greek ones (β-cell, µm), Roman numerals,
  /// circled letters, marks.
  private static func isSymbol(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0xB5, 0x2B0...0x2FF, 0x300...0x36F, 0x370...0x3FF, 0x2071...0x209C, 0x2100...0x218F,
      0x24B6...0x24E9:
      true
    default: false
    }
  }
}
