import Foundation
import NeuralGraph

/// The vectors of all texts that a run needs, as a file: the text encoder need not be where one trains.
struct EncodedTexts {
  var categories: [String], modalities: [String]
  /// Kinds of image for which descriptions were encoded.
  var kinds: Set<String>
  /// `[aspects · textWidth]` by category and kind.
  var table: [String: [String: [Float]]] = [:]
  /// `[textWidth]` each, by category.
  var sentences: [String: [[Float]]] = [:]
  /// `[C, aspects · textWidth]`.
  var categoryText: [Float] = []
  var encoderID: String

  init(categories: [String], modalities: [String], kinds: Set<String>, encoderID: String) {
    (self.categories, self.modalities) = (categories, modalities)
    (self.kinds, self.encoderID) = (kinds, encoderID)
  }

  init(
    _ texts: ChosenTexts, categories: [String], modalities: [String], kinds: Set<String>,
    encoderID: String
  ) throws {
    self.init(
      categories: categories, modalities: modalities, kinds: kinds, encoderID: encoderID)
    for (category, modality) in zip(categories, modalities) {
      for kind in kinds {
        table[category, default: [:]][kind] = try texts.vectors(category, modality: kind)
      }
      sentences[category] = try texts.sentences(category)
      categoryText += try texts.vectors(category, modality: modality)
    }
  }

  private static let separator: Character = "|"

  /// - Throws: `SafetensorsError`, `CorpusError` for a file of something else.
  init(contentsOf file: URL) throws {
    let read = try SafetensorsFile(path: file.path)
    func list(_ name: String) throws -> [String] {
      guard let text = read.metadata[name] else {
        throw CorpusError(file.path, "it holds no texts of a training run: \(name) is missing")
      }
      return text.split(separator: Self.separator).map(String.init)
    }
    (categories, modalities) = (try list("categories"), try list("modalities"))
    kinds = Set(try list("kinds"))
    encoderID = try list("encoder").first ?? ""
    let all = try read.allFloats()
    func values(_ name: String) throws -> (shape: [Int], values: [Float]) {
      guard let found = all[name], found.shape.count == 2 else {
        throw CorpusError(file.path, "it is not whole: \(name) is missing")
      }
      return found
    }
    func rows(_ name: String) throws -> [[Float]] {
      let (shape, values) = try values(name)
      return (0..<shape[0]).map { Array(values[$0 * shape[1]..<($0 + 1) * shape[1]]) }
    }
    categoryText = try values("category_text").values
    for category in categories {
      for (kind, vector) in zip(kinds.sorted(), try rows("aspects.\(category)")) {
        table[category, default: [:]][kind] = vector
      }
      sentences[category] =
        all["sentences.\(category)"] == nil
        ? [] : try rows("sentences.\(category)")
    }
  }

  func write(to file: URL) throws {
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    func matrix(_ rows: [[Float]]) -> (shape: [Int], values: [Float]) {
      ([rows.count, rows.first?.count ?? 0], rows.flatMap { $0 })
    }
    var all: Weights = [:]
    all["category_text"] = (
      [categories.count, categoryText.count / max(1, categories.count)], categoryText
    )
    for category in categories {
      all["aspects.\(category)"] = matrix(kinds.sorted().map { table[category]?[$0] ?? [] })
      guard let mine = sentences[category], !mine.isEmpty else { continue }
      all["sentences.\(category)"] = matrix(mine)
    }
    func text(_ list: [String]) -> String { list.joined(separator: String(Self.separator)) }
    try Safetensors.write(
      all, dtype: .f16,
      metadata: [
        "categories": text(categories), "modalities": text(modalities),
        "kinds": text(kinds.sorted()), "encoder": encoderID,
      ], to: file.path)
  }
}
