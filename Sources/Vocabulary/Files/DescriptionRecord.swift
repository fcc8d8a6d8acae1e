/// `prompts/<id>.json` as written.
struct DescriptionRecord: Codable {
  struct Aspects: Codable {
    let shape: String?
    let texture: String?
    let location: String?
    let appearance: [String: String]?
    let neighbours: String?
  }

  let category: String?
  let template: String?
  let date: String?
  let aspects: Aspects?
  var phrasings: [String]?
}

extension DescriptionRecord {
  /// Fewest and most words of an aspect. Wider than the 12–40 that writers are asked for.
  static let words = 8...60
  /// Of a phrasing.
  static let phrasingWords = 2...60

  /// The description, if it is sound by itself and belongs to the file `prompts/<id>.json`.
  func description(id: String) -> Result<Description, Faults> {
    var faults = Faults()
    if category != id {
      faults.messages.append("category must be \"\(id)\", as the file is called")
    }
    if template?.isEmpty ?? true { faults.messages.append("template is missing") }
    if date.map(Self.isDate) != true { faults.messages.append("date must be YYYY-MM-DD") }
    let texts: [(String, String?)] = [
      ("shape", aspects?.shape), ("texture", aspects?.texture), ("location", aspects?.location),
      ("neighbours", aspects?.neighbours),
    ]
    for (aspect, text) in texts { Self.check(text, "aspects.\(aspect)", &faults) }
    for (n, text) in (phrasings ?? []).enumerated() {
      Self.check(text, "phrasings[\(n)]", words: Self.phrasingWords, &faults)
    }
    if Set(phrasings ?? []).count != phrasings?.count ?? 0 {
      faults.messages.append("phrasings says something twice")
    }
    let appearance = aspects?.appearance ?? [:]
    if appearance.isEmpty { faults.messages.append("aspects.appearance names no modality") }
    for (modality, text) in appearance.sorted(by: { $0.key < $1.key }) {
      if !CategoryRecord.knownModalities.contains(modality) {
        faults.messages.append("aspects.appearance.\(modality) is not one of DICOM's terms")
      }
      Self.check(text, "aspects.appearance.\(modality)", &faults)
    }
    guard faults.messages.isEmpty, let template, let date, let aspects, let shape = aspects.shape,
      let texture = aspects.texture, let location = aspects.location,
      let neighbours = aspects.neighbours
    else { return .failure(faults) }
    return .success(
      Description(
        category: id, template: template, date: date, shape: shape, texture: texture,
        location: location, appearance: appearance, neighbours: neighbours,
        phrasings: phrasings ?? []))
  }

  private static func check(
    _ text: String?, _ member: String, words: ClosedRange<Int> = words, _ faults: inout Faults
  ) {
    guard let text, !text.isEmpty else {
      faults.messages.append("\(member) is missing")
      return
    }
    let count = text.split(whereSeparator: \.isWhitespace).count
    if !words.contains(count) {
      faults.messages.append(
        "\(member) has \(count) words; write \(words.lowerBound) to \(words.upperBound)")
    }
    if text.first?.isWhitespace == true || text.last?.isWhitespace == true
      || text.contains(where: \.isNewline)
    {
      faults.messages.append("\(member) has outer spaces or a line break")
    }
  }

  static func isDate(_ text: String) -> Bool {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false)
    guard parts.map(\.count) == [4, 2, 2], text.allSatisfy({ $0.isASCII }),
      parts.allSatisfy({ $0.allSatisfy(\.isNumber) }), let month = Int(parts[1]),
      let day = Int(parts[2])
    else { return false }
    return (1...12).contains(month) && (1...31).contains(day)
  }
}
