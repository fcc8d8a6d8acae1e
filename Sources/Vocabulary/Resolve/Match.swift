/// What a text query was taken for.
public struct Match: Sendable, Hashable {
  /// How the query found its category; raw values are those of the wire protocol.
  public enum Kind: String, Sendable, CaseIterable {
    /// The id or the English display name.
    case name
    /// Another name, in any language.
    case synonym
    /// A code with its scheme, `SCT:15776009`.
    case code
    /// A name or synonym of a union of categories: a bare "kidney" is both kidneys.
    case composite
    /// The nearest name.
    case fuzzy
    /// Nothing near enough; see ``Match/suggestions``.
    case none
  }

  /// The query as it was asked.
  public let query: String
  /// The id of the category; `nil` exactly if ``kind`` is `none`.
  public let category: String?
  public let kind: Kind
  /// 1 for a certain match, less for a fuzzy one, 0 for none.
  public let score: Double
  /// For no match: at most five ids, the likeliest first. Empty otherwise.
  public let suggestions: [String]

  public init(
    query: String, category: String?, kind: Kind, score: Double, suggestions: [String] = []
  ) {
    self.query = query
    self.category = category
    self.kind = kind
    self.score = score
    self.suggestions = suggestions
  }
}
