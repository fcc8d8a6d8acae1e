import Foundation
import JSONC

/// Writing `prompts/<id>.json`.
enum DescriptionFile {
  /// The file's text: members in the order of the format, one space a level.
  static func text(of description: Description) throws(DescribeError) -> String {
    let appearance = try description.appearance.sorted { $0.key < $1.key }
      .map { modality, text throws(DescribeError) in
        "   \(try quoted(modality)): \(try quoted(text))"
      }
      .joined(separator: ",\n")
    let phrasings = try description.phrasings
      .map { text throws(DescribeError) in "  \(try quoted(text))" }
      .joined(separator: ",\n")
    let more = phrasings.isEmpty ? "" : ",\n \"phrasings\": [\n\(phrasings)\n ]"
    return """
      {
       "category": \(try quoted(description.category)),
       "template": \(try quoted(description.template)),
       "date": \(try quoted(description.date)),
       "aspects": {
        "shape": \(try quoted(description.shape)),
        "texture": \(try quoted(description.texture)),
        "location": \(try quoted(description.location)),
        "appearance": {
      \(appearance)
        },
        "neighbours": \(try quoted(description.neighbours))
       }\(more)
      }

      """
  }

  private static func quoted(_ text: String) throws(DescribeError) -> String {
    do {
      return String(decoding: try JSONValue.string(text).encoded(), as: UTF8.self)
    } catch {
      throw DescribeError(.badAnswer, "a text cannot be written as JSON: \(error)")
    }
  }

  /// Writes the whole file or nothing. Without `force` a file that is there stays, even one that
  /// came while the model was thinking.
  static func write(_ description: Description, to url: URL, force: Bool) throws(DescribeError) {
    let data = Data(try text(of: description).utf8)
    // Hidden, so that a reader of the folder passes it over.
    let draft = url.deletingLastPathComponent()
      .appendingPathComponent(".\(description.category).\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: draft) }
    do {
      if force {
        try data.write(to: url, options: .atomic)
      } else {
        try data.write(to: draft)
        // A hard link, unlike a rename, fails where there is a file.
        try FileManager.default.linkItem(at: draft, to: url)
      }
    } catch {
      if !force, FileManager.default.fileExists(atPath: url.path) {
        throw exists(url)
      }
      throw DescribeError(.files, "\(url.path) cannot be written: \(error.localizedDescription)")
    }
  }

  static func exists(_ url: URL) -> DescribeError {
    DescribeError(.exists, "\(url.path) is there already; use --force to replace it")
  }
}
