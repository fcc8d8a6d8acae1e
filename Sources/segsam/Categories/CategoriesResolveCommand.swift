import ArgumentParser
import JSONC
import Vocabulary

/// `segsam categories resolve`.
struct CategoriesResolveCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "resolve",
    abstract: "Tells which category a name is taken for; status 65 if one is unknown.")

  @Argument(help: "Names in any language of the vocabulary, or codes such as SCT:15776009.")
  var names: [String]

  @Flag(help: "Print as JSON.")
  var json = false

  func run() async throws {
    let vocabulary = try Vocabulary.load(at: VocabularyLocation.find())
    let matches = names.map { vocabulary.resolve($0) }
    if json {
      try Console.print(json: ["matches": .array(matches.map(entry))])
    } else {
      var table = Table([
        .init("query"), .init("category"), .init("match"), .init("score", .right),
        .init("suggestions"),
      ])
      for match in matches {
        table.add([
          match.query, match.category ?? "–", match.kind.rawValue, match.score.text(2),
          match.suggestions.joined(separator: ", "),
        ])
      }
      table.print()
    }
    let unknown = matches.filter { $0.category == nil }.map { "\"\($0.query)\"" }
    if !unknown.isEmpty {
      throw Failure(.badInput, "no category is called \(unknown.joined(separator: ", "))")
    }
  }

  private func entry(_ match: Match) -> JSONValue {
    var object: JSONObject = [
      "query": .string(match.query), "category": match.category.map { .string($0) } ?? .null,
      "match": .string(match.kind.rawValue), "score": JSONValue(match.score),
    ]
    if match.kind == .none { object["suggestions"] = JSONValue(match.suggestions) }
    return .object(object)
  }
}
