import Foundation

/// `prompts/templates/<name>.md`: what a language model is told and asked.
///
/// The text under the headings "System" and "User" is sent; `{{placeholder}}` stands for a fact of
/// the vocabulary's entry. The file says which there are.
struct DescriptionTemplate: Sendable {
  let name: String
  let system: String
  let user: String

  init(name: String, text: String) throws(DescribeError) {
    var sections: [String: String] = [:]
    var heading: String?
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      if line.hasPrefix("## ") {
        heading = line.dropFirst(3).trimmingCharacters(in: .whitespaces)
      } else if let heading {
        sections[heading, default: ""] += line + "\n"
      }
    }
    guard let system = sections["System"], let user = sections["User"] else {
      throw DescribeError(
        .badTemplate, "the template \(name) needs the headings \"## System\" and \"## User\"")
    }
    self.name = name
    self.system = system.trimmingCharacters(in: .whitespacesAndNewlines)
    self.user = user.trimmingCharacters(in: .whitespacesAndNewlines)
  }

  static func load(_ name: String, from prompts: URL) throws(DescribeError) -> Self {
    let url = prompts.appendingPathComponent("templates/\(name).md")
    guard let text = try? String(contentsOf: url, encoding: .utf8) else {
      throw DescribeError(.files, "the template \(url.path) cannot be read")
    }
    return try Self(name: name, text: text)
  }

  /// Modalities that a description covers: the commonest three.
  static func modalities(of category: Category) -> [String] {
    Array(category.modalities.prefix(3))
  }

  /// The system and the user message for a category.
  func messages(for category: Category) throws(DescribeError) -> (system: String, user: String) {
    let synonyms = category.names.sorted { $0.key < $1.key }.flatMap(\.value)
      .filter { $0 != category.name }
    let facts = [
      "name": category.name,
      "synonyms": synonyms.isEmpty ? "none" : synonyms.joined(separator: ", "),
      "region": category.region.replacingOccurrences(of: "_", with: " "),
      "modalities": Self.modalities(of: category).joined(separator: ", "),
    ]
    return (try fill(system, facts), try fill(user, facts))
  }

  /// One pass: what a fact brings in is not looked at again.
  private func fill(_ text: String, _ facts: [String: String]) throws(DescribeError) -> String {
    var filled = ""
    var rest = text[...]
    while let open = rest.range(of: "{{"), let close = rest[open.upperBound...].range(of: "}}") {
      let key = String(rest[open.upperBound..<close.lowerBound])
      guard let fact = facts[key] else {
        throw DescribeError(
          .badTemplate, "the template \(name) has {{\(key)}}, which nothing fills")
      }
      filled += rest[..<open.lowerBound] + fact
      rest = rest[close.upperBound...]
    }
    return filled + rest
  }
}
