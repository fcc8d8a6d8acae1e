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

  /// One of the sentences that say what a category is, or what lies between two of them; nil where there
  /// is none.
  ///
  /// Nobody types just what stands in the vocabulary: half of the vectors are blends, a third are moved
  /// a little.
  func freeText(_ category: String, random: inout SeededRandom) -> [Float]? {
    guard let mine = sentences[category], !mine.isEmpty else { return nil }
    var vector = mine[random.below(mine.count)]
    let length = Self.length(vector)
    if mine.count > 1, random.chance(0.5) {
      let (other, share) = (mine[random.below(mine.count)], random.uniform(0.2, 0.8))
      for i in vector.indices { vector[i] += share * (other[i] - vector[i]) }
    }
    if random.chance(0.33) {
      let reach = random.uniform(0, 0.4) * length / Float(vector.count).squareRoot()
      for i in vector.indices { vector[i] += reach * random.normal() }
    }
    // All texts' vectors are of one length.
    let factor = length / max(Self.length(vector), 1e-6)
    return vector.map { $0 * factor }
  }

  private static func length(_ vector: [Float]) -> Float {
    vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
  }

  /// Zeros where a category is not known.
  public func vectors(_ category: String, _ modality: String) -> [Float] {
    table[category]?[modality] ?? [Float](repeating: 0, count: width)
  }
}
