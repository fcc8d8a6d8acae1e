import JSONC

extension Members {
  /// Names to be resolved: not blank, not too long, not too many.
  func queries(
    _ name: String, limits: ProtocolLimits
  ) throws(ProtocolError) -> [String]? {
    guard let queries = try strings(name) else { return nil }
    guard queries.count <= limits.queries else {
      throw .tooLarge(
        limit: "queries", maximum: limits.queries, actual: queries.count, path: path(name))
    }
    for (index, query) in queries.enumerated() {
      try checkText(query, "\(name)[\(index)]", limits: limits)
    }
    return queries
  }

  private func checkText(
    _ text: String, _ name: String, limits: ProtocolLimits
  ) throws(ProtocolError) {
    guard text.contains(where: { !$0.isWhitespace }) else {
      throw wrong(name, "a text must not be blank")
    }
    guard text.utf8.count <= limits.textBytes else {
      throw .tooLarge(
        limit: "text_bytes", maximum: limits.textBytes, actual: text.utf8.count, path: path(name))
    }
  }

  /// An English description: letters of the Latin script only, as the text encoder knows no other.
  func freeText(_ name: String, limits: ProtocolLimits) throws(ProtocolError) -> String? {
    guard let text = try string(name) else { return nil }
    try checkText(text, name, limits: limits)
    let letters = text.unicodeScalars.filter(\.properties.isAlphabetic)
    guard !letters.isEmpty else { throw wrong(name, "a description needs words") }
    // Basic Latin to Latin Extended-B, Latin Extended Additional; µ and the ordinals among them.
    guard letters.allSatisfy({ $0.value < 0x250 || (0x1E00..<0x1F00).contains($0.value) }) else {
      throw wrong(
        name, "free text must be English; other languages reach a category through categories")
    }
    return text
  }

  func study(_ name: String) throws(ProtocolError) -> String? {
    guard let text = try string(name) else { return nil }
    guard Topic.isValidName(text) else {
      throw wrong(name, "a study name is 1 to 64 letters (A-Z, a-z), digits, _ or -")
    }
    return text
  }

  func imageID(_ name: String) throws(ProtocolError) -> String? {
    guard let text = try string(name) else { return nil }
    guard MessageParser.isValidID(text) else {
      throw wrong(name, "an image_id is what image.put gave")
    }
    return text
  }
}
