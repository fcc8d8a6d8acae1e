import Foundation

/// The aspects that a model answered, checked by themselves.
enum DescriptionAnswer {
  private struct Strict: Decodable {
    enum CodingKeys: String, CodingKey, CaseIterable {
      case shape, texture, location, appearance, neighbours
    }
    let aspects: DescriptionRecord.Aspects
    let unknown: [String]

    init(from decoder: any Decoder) throws {
      aspects = try DescriptionRecord.Aspects(from: decoder)
      unknown = try decoder.unknownMembers(besides: CodingKeys.self)
    }
  }

  /// - Throws: ``DescribeError/Code/badAnswer`` with everything that is wrong.
  static func description(
    from text: String, of category: Category, template: String, date: String
  ) throws(DescribeError) -> Description {
    let strict: Strict
    do {
      strict = try JSONFile.decode(Strict.self, from: Data(unfenced(text).utf8))
    } catch {
      throw DescribeError(
        .badAnswer, "the model's answer is not the JSON object asked for: \(error.message)",
        faults: ["answer with one JSON object of the form given: \(error.message)"])
    }
    var faults = strict.unknown.map { "the member \"\($0)\" was not asked for" }
    let asked = DescriptionTemplate.modalities(of: category)
    let appearance = strict.aspects.appearance ?? [:]
    for modality in asked where appearance[modality] == nil {
      faults.append("appearance.\(modality) is missing")
    }
    for modality in appearance.keys.sorted() where !asked.contains(modality) {
      faults.append("appearance.\(modality) was not asked for")
    }
    let record = DescriptionRecord(
      category: category.id, template: template, date: date, aspects: strict.aspects)
    switch record.description(id: category.id) {
    case .success(let description) where faults.isEmpty: return description
    case .success: break
    case .failure(let more): faults += more.messages
    }
    throw DescribeError(
      .badAnswer, "the model's description of \(category.id) breaks the rules", faults: faults)
  }

  /// Models put a code fence around JSON however they are told not to.
  static func unfenced(_ text: String) -> String {
    let trimmed = text.trimmingCharacters(in: .whitespacesAndNewlines)
    guard trimmed.hasPrefix("```"), trimmed.hasSuffix("```"), let end = trimmed.firstIndex(of: "\n")
    else { return trimmed }
    return String(trimmed[end...].dropLast(3))
  }
}
