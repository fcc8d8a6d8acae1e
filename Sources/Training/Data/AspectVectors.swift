/// The sentence vectors of every category's description, for each modality that is trained.
public struct AspectVectors: Sendable {
  /// `[aspects · textWidth]` by category and modality.
  private let table: [String: [String: [Float]]]
  private let width: Int

  public init(_ table: [String: [String: [Float]]], width: Int) {
    self.table = table
    self.width = width
  }

  /// Zeros where a category is not known.
  public func vectors(_ category: String, _ modality: String) -> [Float] {
    table[category]?[modality] ?? [Float](repeating: 0, count: width)
  }
}
