/// The `result` of `categories.list`.
public struct CategoriesListResult: Sendable, Hashable, Codable {
  public var categories: [CategoryInfo]
  public init(categories: [CategoryInfo]) { self.categories = categories }
}

/// A category of the vocabulary, as `categories.list` tells it.
public struct CategoryInfo: Sendable, Hashable, Codable {
  /// The id.
  public var category: String
  public var name: String
  /// By language: `en`, `la`, `zh`.
  public var names: [String: [String]]
  /// By scheme: `SCT`, `TotalSegmentator`.
  public var codes: [String: String]
  public var region: String
  public var parent: String?
  /// Of a composite; else empty.
  public var parts: [String]?
  public var trained: Bool

  public init(
    category: String, name: String, names: [String: [String]], codes: [String: String],
    region: String, parent: String?, parts: [String]?, trained: Bool
  ) {
    self.category = category
    self.name = name
    self.names = names
    self.codes = codes
    self.region = region
    self.parent = parent
    self.parts = parts
    self.trained = trained
  }
}

/// The `result` of `categories.resolve`.
public struct CategoriesResolveResult: Sendable, Hashable, Codable {
  /// One for each query, in order.
  public var matches: [CategoryMatch]
  public init(matches: [CategoryMatch]) { self.matches = matches }
}

/// How a query was understood.
public struct CategoryMatch: Sendable, Hashable, Codable {
  public enum Kind: String, Sendable, Hashable, CaseIterable, Codable {
    case name, synonym, code, composite, fuzzy, none
  }

  public var query: String
  public var category: String?
  public var match: Kind
  /// In [0, 1]; 1 but for fuzzy matches.
  public var score: Double?
  /// Where nothing matched, at most five.
  public var suggestions: [String]?

  public init(
    query: String, category: String?, match: Kind, score: Double?, suggestions: [String]? = nil
  ) {
    self.query = query
    self.category = category
    self.match = match
    self.score = score
    self.suggestions = suggestions
  }
}
