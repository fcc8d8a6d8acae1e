/// The categories and their descriptions, with everything that links a text query to them.
///
/// A value, immutable, with its indices built once; copying it is cheap. Categories stand in the
/// order of the files' names and, within a file, in its own order.
public struct Vocabulary: Sendable {
  /// All categories, composites included.
  public let categories: [Category]
  let positions: [String: Int]
  let descriptions: [String: Description]
  let leaves: [String: [String]]
  let index: NameIndex

  /// Joins categories and descriptions without checking them against each other; of two that share
  /// an id the first wins. Use ``load(directory:promptsDirectory:)`` for files.
  public init(categories: [Category], descriptions: [Description]) {
    self.categories = categories
    positions = Dictionary(
      categories.enumerated().map { ($1.id, $0) }, uniquingKeysWith: { first, _ in first })
    self.descriptions = Dictionary(
      descriptions.map { ($0.category, $0) }, uniquingKeysWith: { first, _ in first })
    leaves = Self.leaves(of: categories)
    index = NameIndex(categories)
  }

  /// The category with this id.
  public subscript(id: String) -> Category? {
    positions[id].map { categories[$0] }
  }

  /// The description of the category with this id.
  public func description(of id: String) -> Description? {
    descriptions[id]
  }

  /// The regions, in the order of the categories.
  public var regions: [String] {
    var seen: Set<String> = []
    return categories.map(\.region).filter { seen.insert($0).inserted }
  }

  /// The texts that are encoded for a category, in the order of ``Aspect``: name, shape, texture,
  /// location, appearance in this modality, neighbours.
  ///
  /// - Parameters:
  ///   - category: an id.
  ///   - modality: DICOM's term, in any case. Without one, or where the description has no text
  ///     for it, the appearance is that of the first of the category's own modalities.
  /// - Returns: six texts; none if the category is unknown or has no description.
  public func aspectTexts(for category: String, modality: String?) -> [String] {
    guard let entry = self[category], let description = descriptions[category],
      let appearance = description.appearance(in: modality, preferred: entry.modalities)
    else { return [] }
    return [
      entry.name, description.shape, description.texture, description.location, appearance,
      description.neighbours,
    ]
  }
}
