import ArgumentParser
import Foundation
import JSONC
import SegSAM
import Vocabulary

/// `segsam categories [list]`.
struct CategoriesListCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "Lists the categories, or checks their files.")

  @Option(help: ArgumentHelp("Only of this region.", valueName: "region"))
  var region: String?

  @Option(help: ArgumentHelp("Only those typical of this modality.", valueName: "modality"))
  var modality: String?

  @Flag(help: "Only those that the model was trained on.")
  var trained = false

  @Option(
    help: ArgumentHelp("Whose training is meant: a name in models/ or a folder.", valueName: "name")
  )
  var model = ModelOptions.usual

  @Flag(
    help: "Check vocab/ and prompts/ instead: every finding is told, status 65 if there is one.")
  var validate = false

  @Flag(help: "Print as JSON.")
  var json = false

  func run() async throws {
    let location = try VocabularyLocation.find()
    if validate { return try check(location) }
    let vocabulary = try Vocabulary.load(at: location)
    if let region, !vocabulary.regions.contains(region) {
      throw Failure(
        .badInput, "no region is called \"\(region)\"",
        hints: ["there are \(vocabulary.regions.joined(separator: ", "))"])
    }
    let known = try trainedCategories()
    let shown = vocabulary.categories.filter { category in
      (region.map { $0 == category.region } ?? true)
        && (modality.map { category.modalities.contains($0.uppercased()) } ?? true)
        && (!trained || isTrained(category.id, vocabulary, known))
    }
    if json {
      let list = shown.map { entry($0, isTrained: isTrained($0.id, vocabulary, known)) }
      return try Console.print(json: ["categories": .array(list)])
    }
    var table = Table([
      .init("category"), .init("names"), .init("SNOMED CT"), .init("region"),
      .init("modalities"), .init("trained"),
    ])
    for category in shown {
      let names = ["en", "la", "zh"].compactMap { category.names[$0]?.first }
      table.add([
        category.id, names.joined(separator: " · "), category.codes["SCT"] ?? "–",
        category.region, category.modalities.joined(separator: " "),
        known == nil ? "?" : isTrained(category.id, vocabulary, known) ? "yes" : "no",
      ])
    }
    table.print()
    Console.error("\(shown.count) of \(vocabulary.categories.count) categories")
  }

  private func check(_ location: VocabularyLocation) throws {
    let findings = try VocabularyValidator.validate(at: location)
    if json {
      let list = findings.map { finding -> JSONValue in
        [
          "rule": .string(finding.rule.rawValue), "file": .string(finding.file),
          "entry": finding.entry.map { .string($0) } ?? .null,
          "message": .string(finding.message),
        ]
      }
      try Console.print(json: ["findings": .array(list)])
    } else {
      for finding in findings { Console.print(finding.description) }
    }
    guard findings.isEmpty else {
      throw Failure(.badInput, "\(findings.count) findings in vocab/ and prompts/")
    }
    if !json { Console.print("vocab/ and prompts/ are sound") }
  }

  /// Nil where there is no model here, which matters only to who asks for it.
  private func trainedCategories() throws -> Set<String>? {
    do {
      let file = try ModelBundle.find(name: model).appendingPathComponent("manifest.json")
      let manifest = try JSONDecoder().decode(Manifest.self, from: Data(contentsOf: file))
      return Set(manifest.categories)
    } catch {
      if trained || model != ModelOptions.usual {
        throw Failure(.badInput, "the model \"\(model)\" cannot be read: \(error)")
      }
      return nil
    }
  }

  /// Of a composite: whether some part is.
  private func isTrained(_ id: String, _ vocabulary: Vocabulary, _ known: Set<String>?) -> Bool {
    guard let known else { return false }
    return known.contains(id) || !known.isDisjoint(with: vocabulary.parts(of: id))
  }

  private func entry(_ category: Category, isTrained: Bool) -> JSONValue {
    let names = category.names.sorted { $0.key < $1.key }
    let codes = category.codes.sorted { $0.key < $1.key }
    return [
      "category": .string(category.id), "name": .string(category.name),
      "names": .object(JSONObject(names.map { (key: $0.key, value: JSONValue($0.value)) })),
      "codes": .object(JSONObject(codes.map { (key: $0.key, value: JSONValue($0.value)) })),
      "region": .string(category.region),
      "parent": category.parent.map { .string($0) } ?? .null, "parts": JSONValue(category.parts),
      "modalities": JSONValue(category.modalities), "trained": JSONValue(isTrained),
    ]
  }
}
