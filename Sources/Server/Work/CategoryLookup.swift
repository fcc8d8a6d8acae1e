import BusProtocol
import JSONC
import Vocabulary

/// The vocabulary as requests see it.
struct CategoryLookup: Sendable {
  var vocabulary: Vocabulary
  var trained: Set<String>

  func parts(of id: String) -> [String] { vocabulary.parts(of: id) }

  /// Whether the model knows the category, or some part of it.
  func isTrained(_ id: String) -> Bool {
    trained.contains(id) || !trained.isDisjoint(with: parts(of: id))
  }

  /// The category that a query names for certain: a likeness is only ever suggested.
  func category(_ query: String) throws(ProtocolError) -> String {
    let match = vocabulary.resolve(query, allowFuzzy: false)
    guard let id = match.category else {
      throw .unknownCategory(query, suggestions: match.suggestions)
    }
    return id
  }

  /// `categories.resolve`.
  func resolve(_ queries: [String]) -> JSONObject {
    let matches = queries.map { query -> JSONValue in
      let match = vocabulary.resolve(query)
      var entry: JSONObject = [
        "query": .string(query), "category": match.category.map { .string($0) } ?? .null,
        "match": .string(match.kind.rawValue), "score": JSONValue(match.score),
      ]
      if match.kind == .none {
        entry["suggestions"] = JSONValue(Array(match.suggestions.prefix(5)))
      }
      return .object(entry)
    }
    return ["matches": .array(matches)]
  }

  /// `categories.list`.
  func list(_ parameters: CategoriesListParameters) throws(ProtocolError) -> JSONObject {
    if let region = parameters.region, !vocabulary.regions.contains(region) {
      throw .invalidArgument(
        "no region is called \"\(region)\"; there are \(vocabulary.regions.joined(separator: ", "))",
        path: "parameters.region")
    }
    let found = vocabulary.categories.filter { category in
      (parameters.region.map { $0 == category.region } ?? true)
        && (parameters.modality.map { category.modalities.contains($0) } ?? true)
    }
    return ["categories": .array(found.map(entry))]
  }

  private func entry(_ category: Category) -> JSONValue {
    let names = category.names.sorted { $0.key < $1.key }
    let codes = category.codes.sorted { $0.key < $1.key }
    return [
      "category": .string(category.id), "name": .string(category.name),
      "names": .object(JSONObject(names.map { (key: $0.key, value: JSONValue($0.value)) })),
      "codes": .object(JSONObject(codes.map { (key: $0.key, value: JSONValue($0.value)) })),
      "region": .string(category.region),
      "parent": category.parent.map { .string($0) } ?? .null,
      "parts": JSONValue(category.parts),
      // Of a composite, when some part of it can be found.
      "trained": JSONValue(isTrained(category.id)),
    ]
  }
}
