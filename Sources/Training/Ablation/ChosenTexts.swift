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
}
