/// What `segsam corpus` says of a folder: what is in it, and what is wrong.
public struct CorpusReport: Sendable, Codable, Hashable {
  public var dataSets: [Summary] = []
  /// What keeps data from being used, or makes numbers worthless.
  public var problems: [Problem] = []
  /// What the readers left aside.
  public var remarks: [Problem] = []
  /// Whether images and masks were opened.
  public var isDeep: Bool

  public struct Summary: Sendable, Codable, Hashable {
    public var name: String
    public var layout: DataSetLayout
    public var modality: String
    /// Split → cases, and patients, in it.
    public var cases: [String: Int] = [:]
    public var patients: [String: Int] = [:]
    public var categories: [CategoryCount] = []
  }

  public struct CategoryCount: Sendable, Codable, Hashable {
    public var category: String
    /// In how many cases it was looked for, and in how many of those it is drawn (nil: not opened).
    public var annotated: Int
    public var drawn: Int?
  }

  public struct Problem: Sendable, Codable, Hashable, CustomStringConvertible {
    /// The data set, and where there is one the file in it.
    public var place: String
    public var reason: String
    public var description: String { "\(place): \(reason)" }
  }
}
