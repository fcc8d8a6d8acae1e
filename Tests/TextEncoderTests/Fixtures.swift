import Foundation
import Testing

@testable import TextEncoder

/// What the reference libraries made of many texts (`make_fixtures.py`).
enum Fixtures {
  struct Sentence: Decodable, Sendable {
    let text: String
    let ids: [Int32]
  }

  static let folder = Bundle.module.resourceURL!.appendingPathComponent("Fixtures")

  static let sentences: [Sentence] = {
    let data = try! Data(contentsOf: folder.appendingPathComponent("sentences.json"))
    return try! JSONDecoder().decode([Sentence].self, from: data)
  }()

  /// The text encoder's files, where `./bootstrap` has put them.
  static let model: String? = {
    let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../.deps/minilm").standardizedFileURL.path
    return FileManager.default.fileExists(atPath: "\(path)/vocab.txt") ? path : nil
  }()
}
