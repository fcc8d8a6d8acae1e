public import Imaging

/// What counts as a region when everything is segmented. The defaults that are not SAM's are lower,
/// as suits a small model.
public struct EverythingOptions: Sendable, Hashable {
  /// Points along each side (SAM: 32).
  public var grid = 16
  /// Of the mask's IoU as the decoder predicts it (SAM: 0.88).
  public var leastScore = 0.5
  /// Of stability: the IoU of the masks at logits ± `stabilityReach` around the threshold's (SAM:
  /// 0.95); at 0 nobody asks for it.
  public var leastStability = 0.6
  public var stabilityReach = 1.0
  /// Of the slice: smaller regions and larger ones are dropped (SAM: 0.95 at most).
  public var leastArea = 0.0005
  public var greatestArea = 0.95
  /// Of two regions with a larger IoU the better one stays (SAM: 0.7).
  public var overlap = 0.7
  /// Regions of one name become one if they share at least this part of the smaller of them.
  public var mergeOverlap = 0.1
  /// Of the mask probability.
  public var threshold = 0.5
  /// Queries of one call of the engine.
  public var batch = 32
  public init() {}
}

/// A region that was found, with what the semantic-aware decoder takes it for.
public struct EverythingRegion: Sendable {
  /// On the slice's own grid.
  public var mask: BinaryMask
  /// Nil where the model says no name.
  public var category: String?
  /// Of the category among all that the model knows, in [0, 1].
  public var probability: Double
  /// The likeliest categories, best first.
  public var candidates: [(category: String, probability: Double)]
  /// The decoder's estimate of the mask's IoU.
  public var score: Double
  /// In [0, 1]; nil where nobody asked for it.
  public var stability: Double?
  /// The clicks that found it, the best first: pixels of the slice.
  public var points: [(x: Int, y: Int)]

  public init(
    mask: BinaryMask, category: String?, probability: Double,
    candidates: [(category: String, probability: Double)], score: Double, stability: Double?,
    points: [(x: Int, y: Int)]
  ) {
    self.mask = mask
    self.category = category
    self.probability = probability
    self.candidates = candidates
    self.score = score
    self.stability = stability
    self.points = points
  }
}
