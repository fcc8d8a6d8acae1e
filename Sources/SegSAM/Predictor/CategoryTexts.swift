import Synchronization
public import TextEncoder
public import Vocabulary

/// The description vectors f_t of categories, made when first needed and kept.
public final class CategoryTexts: Sendable {
  private let vocabulary: Vocabulary
  private let encoder: TextEncoder
  private let kept = Mutex<[String: [Float]]>([:])
  /// For experiments: the category whose description stands in for another's.
  private let standIns: [String: String]

  public init(
    vocabulary: Vocabulary, encoder: TextEncoder, standIns: [String: String] = [:]
  ) {
    self.vocabulary = vocabulary
    self.encoder = encoder
    self.standIns = standIns
  }

  /// f_t, `[aspects · textWidth]`, zeros for a category without a description. Blocks.
  public func vectors(_ category: String, modality: String?) throws -> [Float] {
    let texts = vocabulary.aspectTexts(for: standIns[category] ?? category, modality: modality)
    if texts.isEmpty {
      return [Float](repeating: 0, count: Aspect.allCases.count * TextEncoder.width)
    }
    // Kept by what is said, which the vocabulary bounds: the modality may be any word of a client's.
    return try vectors(sentences: texts)
  }

  /// A free description, which stands for the name; the other aspects are left open. Blocks.
  public func vectors(freeText: String) throws -> [Float] {
    let vector = try encoder.encode(freeText: freeText)
    let rest = (Aspect.allCases.count - 1) * TextEncoder.width
    return vector + [Float](repeating: 0, count: rest)
  }

  /// Sentences in the order of `Aspect`, not of any category. Blocks.
  public func vectors(sentences: [String]) throws -> [Float] {
    let key = sentences.joined(separator: "\n")
    if let known = kept.withLock({ $0[key] }) { return known }
    let vectors = try encoder.encode(sentences).flatMap { $0 }
    kept.withLock { $0[key] = vectors }
    return vectors
  }
}
