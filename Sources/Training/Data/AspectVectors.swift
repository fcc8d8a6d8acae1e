/// The sentence vectors of every category's description, for each modality that is trained.
public struct AspectVectors: Sendable {
  /// `[aspects · textWidth]` by category and modality.
  private let table: [String: [String: [Float]]]
  private let width: Int
  /// Of a category: vectors `[textWidth]` of sentences that say all in one.
  private let sentences: [String: [[Float]]]

  public init(
    _ table: [String: [String: [Float]]], sentences: [String: [[Float]]] = [:], width: Int
  ) {
    self.table = table
    self.sentences = sentences
    self.width = width
  }

  /// One of the sentences that say what a category is; nil where there is none.
  func freeText(_ category: String, random: inout SeededRandom) -> [Float]? {
    guard let mine = sentences[category], !mine.isEmpty else { return nil }
    return mine[random.below(mine.count)]
  }

  /// Zeros where a category is not known.
  public func vectors(_ category: String, _ modality: String) -> [Float] {
    table[category]?[modality] ?? [Float](repeating: 0, count: width)
  }
}
