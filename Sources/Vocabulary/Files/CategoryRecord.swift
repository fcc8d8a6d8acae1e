/// `vocab/<region>.json` as written.
struct RegionRecord: Decodable {
  let region: String
  let categories: [CategoryRecord]
}

/// An entry as written, before it is checked. Everything may be missing, so that each fault can be
/// told with the entry's id.
struct CategoryRecord: Decodable {
  struct Concept: Decodable {
    let scheme: String?
    let value: String?
    let meaning: String?
  }
  struct Property: Decodable {
    let category: Concept?
    let type: Concept?
  }
  enum CodingKeys: String, CodingKey, CaseIterable {
    case id, name, names, codes, laterality, parent, inside, parts, pieces, modalities, color, dicom
    case volume = "volume_ml"
  }

  let id: String?
  let name: String?
  let names: [String: [String]]?
  let codes: [String: String]?
  let laterality: String?
  let parent: String?
  let inside: String?
  let parts: [String]?
  let pieces: Int?
  let volume: [Double]?
  let modalities: [String]?
  let color: [Int]?
  let dicom: Property?
  let unknown: [String]

  init(from decoder: any Decoder) throws {
    unknown = try decoder.unknownMembers(besides: CodingKeys.self)
    let container = try decoder.container(keyedBy: CodingKeys.self)
    id = try container.decodeIfPresent(String.self, forKey: .id)
    name = try container.decodeIfPresent(String.self, forKey: .name)
    names = try container.decodeIfPresent([String: [String]].self, forKey: .names)
    codes = try container.decodeIfPresent([String: String].self, forKey: .codes)
    laterality = try container.decodeIfPresent(String.self, forKey: .laterality)
    parent = try container.decodeIfPresent(String.self, forKey: .parent)
    inside = try container.decodeIfPresent(String.self, forKey: .inside)
    parts = try container.decodeIfPresent([String].self, forKey: .parts)
    pieces = try container.decodeIfPresent(Int.self, forKey: .pieces)
    volume = try container.decodeIfPresent([Double].self, forKey: .volume)
    modalities = try container.decodeIfPresent([String].self, forKey: .modalities)
    color = try container.decodeIfPresent([Int].self, forKey: .color)
    dicom = try container.decodeIfPresent(Property.self, forKey: .dicom)
  }

  /// DICOM's terms (PS3.3 C.7.3.1.1.1) that the data use.
  static let knownModalities: Set<String> = [
    "CT", "MR", "US", "CR", "DX", "MG", "ES", "OP", "OPT", "DMS", "GM", "SM", "PT", "NM", "XC",
    "XA", "RF", "IVUS",
  ]
}

extension CategoryRecord {
  /// The entry, if it is sound by itself.
  func category(region: String) -> Result<Category, Faults> {
    var faults = Faults(messages: unknown.map { "the member \"\($0)\" is not known" })
    func require<Value>(_ value: Value?, _ message: String) -> Value? {
      if value == nil { faults.messages.append(message) }
      return value
    }
    let id = require(
      id.flatMap { Self.isIdentifier($0) ? $0 : nil },
      "id must be snake_case: letters, digits, single underscores")
    let name = require(
      name.flatMap { Self.isClean($0) ? $0 : nil }, "name must be a text without outer spaces")
    let laterality = require(
      laterality.flatMap(Category.Laterality.init(rawValue:)),
      "laterality must be left, right, unpaired or bilateral")
    let color = require(
      color.flatMap(Self.color), "color must be three numbers from 0 to 255")
    let dicom = require(
      dicom.flatMap(Self.property),
      "dicom must have category and type, each with scheme, value and meaning")
    let names = checkedNames(&faults)
    let codes = checkedCodes(&faults)
    let modalities = modalities ?? []
    if modalities.isEmpty { faults.messages.append("modalities must name at least one") }
    for modality in modalities where !Self.knownModalities.contains(modality) {
      faults.messages.append("modality \"\(modality)\" is not one of DICOM's terms")
    }
    if Set(modalities).count < modalities.count {
      faults.messages.append("modalities names one twice")
    }
    if parts == nil { faults.messages.append("parts must be a list, empty if it is no composite") }
    if let pieces, pieces < 1 || !(parts ?? []).isEmpty {
      faults.messages.append("pieces is a number from 1 on, of a concrete category")
    }
    var plausible: ClosedRange<Double>?
    if let volume {
      if volume.count == 2, volume[0] > 0, volume[0] < volume[1], volume[1] < 1e6 {
        plausible = volume[0]...volume[1]
      } else {
        faults.messages.append("volume_ml must be two numbers over 0, the smaller one first")
      }
    }
    guard faults.messages.isEmpty, let id, let name, let laterality, let color, let dicom
    else { return .failure(faults) }
    return .success(
      Category(
        id: id, name: name, names: names, codes: codes, region: region, laterality: laterality,
        parent: parent, inside: inside, parts: parts ?? [], pieces: pieces,
        plausibleVolume: plausible, modalities: modalities, color: color,
        dicom: dicom))
  }

  private func checkedNames(_ faults: inout Faults) -> [String: [String]] {
    let names = names ?? [:]
    for language in ["en", "la", "zh"] where names[language] == nil {
      faults.messages.append("names.\(language) is missing")
    }
    for language in ["en", "zh"] where names[language]?.isEmpty ?? false {
      faults.messages.append("names.\(language) is empty")
    }
    for (language, texts) in names.sorted(by: { $0.key < $1.key }) {
      for text in texts where !Self.isClean(text) {
        faults.messages.append("names.\(language) holds \"\(text)\": empty or with outer spaces")
      }
    }
    if let name, let first = names["en"]?.first, first != name {
      faults.messages.append("names.en must begin with the name \"\(name)\"")
    }
    return names
  }

  private func checkedCodes(_ faults: inout Faults) -> [String: String] {
    let codes = codes ?? [:]
    for (scheme, code) in codes.sorted(by: { $0.key < $1.key }) {
      if !["SCT", "TotalSegmentator"].contains(scheme) {
        faults.messages.append("codes.\(scheme) is not a known scheme")
      } else if !Self.isClean(code)
        || (scheme == "SCT" && !code.allSatisfy { $0.isASCII && $0.isNumber })
      {
        faults.messages.append("codes.\(scheme) holds \"\(code)\", which is no such code")
      }
    }
    return codes
  }
}

extension CategoryRecord {
  /// Snake_case; capitals only where anatomy writes them, `vertebra_L3`. Safe as a file's name.
  static func isIdentifier(_ text: String) -> Bool {
    guard let first = text.utf8.first, (97...122).contains(first), text.utf8.last != 95
    else { return false }
    return text.utf8.count <= 64 && !text.contains("__")
      && text.utf8.allSatisfy {
        (97...122).contains($0) || (65...90).contains($0) || (48...57).contains($0) || $0 == 95
      }
  }

  static func isClean(_ text: String) -> Bool {
    guard let first = text.first, let last = text.last, text.utf8.count <= 200 else { return false }
    return !first.isWhitespace && !last.isWhitespace && !text.contains(where: \.isNewline)
  }

  private static func color(_ values: [Int]) -> Category.Color? {
    let bytes = values.compactMap(UInt8.init(exactly:))
    guard values.count == 3, bytes.count == 3 else { return nil }
    return Category.Color(red: bytes[0], green: bytes[1], blue: bytes[2])
  }

  private static func property(_ record: Property) -> Category.SegmentedProperty? {
    guard let category = record.category.flatMap(concept), let type = record.type.flatMap(concept)
    else { return nil }
    return Category.SegmentedProperty(category: category, type: type)
  }

  private static func concept(_ record: Concept) -> Category.CodedConcept? {
    // 16 and 64 characters: DICOM's value representations SH and LO. A code of ours may be longer;
    // DICOM has Long Code Value (0008,0119) for that.
    guard let scheme = record.scheme, let value = record.value, let meaning = record.meaning,
      isClean(scheme), isClean(value), isClean(meaning), scheme.count <= 16, meaning.count <= 64
    else { return nil }
    return Category.CodedConcept(scheme: scheme, value: value, meaning: meaning)
  }
}
