/// What becomes of the answers when the same is asked in other words, or what cannot be there.
public struct RobustnessReport: Sendable, Codable, Hashable {
  /// What the vocabulary made of names.
  public struct Names: Sendable, Codable, Hashable {
    /// Over categories, each once.
    public var asked = 0
    /// Understood as the category meant, as another, not at all.
    public var same = 0, other = 0, none = 0
  }

  /// Means over the pairs of data set and category that can be asked for so.
  public struct Row: Sendable, Codable, Hashable {
    public var wording: Wording
    public var pairs: Int
    /// DSC of M_b; of names, over those that were understood.
    public var dice: Double?
    /// The same pairs', asked by the usual name.
    public var usualDice: Double?
    /// Nil for what is no name.
    public var names: Names?
  }

  public struct Pair: Sendable, Codable, Hashable {
    public var dataSet: String, category: String
    /// Images with at least 10 pixels of it.
    public var n: Int
    /// DSC of M_b by `Wording`, where it can be asked for so.
    public var dice: [String: Double]
  }

  /// Of queries for what only another kind of machine shows.
  public struct Foreign: Sendable, Codable, Hashable {
    public var dataSet: String, modality: String
    public var asked: Int
    /// How many got a mask all the same.
    public var masks: Int
  }

  public var rows: [Row]
  public var pairs: [Pair]
  public var sides: SideMeasure
  /// With left and right exchanged in the descriptions.
  public var swappedSides: SideMeasure
  public var foreign: [Foreign]

  /// The share of queries for what cannot be there that got a mask.
  public var foreignMaskRate: Double? {
    let asked = foreign.reduce(0) { $0 + $1.asked }
    return asked == 0 ? nil : Double(foreign.reduce(0) { $0 + $1.masks }) / Double(asked)
  }
}
