import SegSAM
import TextEncoder
import Vocabulary

/// The vectors of categories by what they are told by.
struct ChosenTexts {
  var choice: TextChoice
  private var texts: CategoryTexts
  private var vocabulary: Vocabulary
  private var encoder: TextEncoder

  /// - Parameter categories: among which another's description is found: the next one's.
  init(
    choice: TextChoice, vocabulary: Vocabulary, encoder: TextEncoder, categories: [String]
  ) {
    self.choice = choice
    self.vocabulary = vocabulary
    self.encoder = encoder
    var standIns: [String: String] = [:]
    if choice == .another {
      for (n, category) in categories.enumerated() {
        standIns[category] = categories[(n + 1) % categories.count]
      }
    }
    texts = CategoryTexts(vocabulary: vocabulary, encoder: encoder, standIns: standIns)
  }

  /// `[aspects · textWidth]`; aspects that are not told are zero.
  func vectors(_ category: String, modality: String) throws -> [Float] {
    switch choice {
    case .all, .another: return try texts.vectors(category, modality: modality)
    case .name, .nameAndLocation:
      let told: Set<Aspect> = choice == .name ? [.name] : [.name, .location]
      var vectors = try texts.vectors(category, modality: modality)
      let width = vectors.count / Aspect.allCases.count
      for (n, aspect) in Aspect.allCases.enumerated() where !told.contains(aspect) {
        for i in n * width..<(n + 1) * width { vectors[i] = 0 }
      }
      return vectors
    case .template:
      let name = vocabulary[category]?.name ?? category
      return try texts.vectors(freeText: "A computerized tomography of a \(name).")
    }
  }

  /// What somebody might type for a category, each as one vector `[textWidth]`: its phrasings, its English
  /// names, and sentences joined from its description. None but with the whole description.
  func sentences(_ category: String) throws -> [[Float]] {
    guard choice == .all, let entry = vocabulary[category] else { return [] }
    // Twice: they are nearer to what people type than joined sentences are.
    let phrasings = vocabulary.description(of: category)?.phrasings ?? []
    var texts = phrasings + phrasings + (entry.names["en"] ?? [entry.name])
    for modality in entry.modalities.prefix(2) {
      let aspects = vocabulary.aspectTexts(for: category, modality: modality)
      guard aspects.count == Aspect.allCases.count else { continue }
      let all = Dictionary(uniqueKeysWithValues: zip(Aspect.allCases, aspects))
      func told(_ aspect: Aspect) -> String { all[aspect] ?? "" }
      texts += [
        "\(entry.name): \(told(.appearance))", "\(told(.appearance)) \(told(.location))",
      ]
      guard modality == entry.modalities.first else { continue }
      texts += [
        "\(entry.name). \(told(.location))", "\(told(.shape)) This is the \(entry.name).",
        "Outline the \(entry.name).", "\(told(.shape)) \(told(.location))",
        "\(told(.location)) \(told(.neighbours))", "\(entry.name). \(told(.texture))",
      ]
    }
    return try encoder.encode(texts)
  }
}
