/// The `result` of `segment`.
public struct SegmentResult: Sendable, Hashable, Codable {
  /// One for each query, in order.
  public var categories: [CategoryResult]
  /// What the numbers in the semantic mask stand for: `"1": "left_kidney"`.
  public var labels: [String: String]?
  /// For every trained category: that it is in the image.
  public var probabilities: [String: Double]?
  /// Of a `BYTES` image: its grid.
  public var shape: [Int]?
  /// Of a `BYTES` image: voxel `(i, j, k, 1)` to RAS millimetres, four rows of four.
  public var affine: [[Double]]?

  public init(
    categories: [CategoryResult], labels: [String: String]? = nil,
    probabilities: [String: Double]? = nil, shape: [Int]? = nil, affine: [[Double]]? = nil
  ) {
    self.categories = categories
    self.labels = labels
    self.probabilities = probabilities
    self.shape = shape
    self.affine = affine
  }
}

/// The answer to one query.
public struct CategoryResult: Sendable, Hashable, Codable {
  /// A part of a composite, as found.
  public struct Part: Sendable, Hashable, Codable {
    public var category: String
    public var present: Bool
    public var presence: Double
    public init(category: String, present: Bool, presence: Double) {
      self.category = category
      self.present = present
      self.presence = presence
    }
  }

  /// What an unnamed query may have hit.
  public struct Candidate: Sendable, Hashable, Codable {
    public var category: String
    public var probability: Double
    public init(category: String, probability: Double) {
      self.category = category
      self.probability = probability
    }
  }

  /// Something that was done to a volume's mask after the networks.
  public struct Step: Sendable, Hashable, Codable {
    /// `zoom`, `full_search`, `propagation`, `sides`, `components`, `holes`.
    public var step: String
    /// Voxels.
    public var added: Int
    public var removed: Int
    public var note: String?
    public init(step: String, added: Int, removed: Int, note: String? = nil) {
      self.step = step
      self.added = added
      self.removed = removed
      self.note = note
    }
  }

  /// As asked; nil (written `null`) for a query without text.
  public var query: String?
  /// Nil (written `null`) for free text.
  public var category: String?
  public var present: Bool
  /// In [0, 1].
  public var presence: Double
  /// The decoder's estimate of the mask's IoU.
  public var score: Double
  public var voxels: Int?
  /// `[x0, y0, x1, y1]` or with z, upper bounds exclusive; nil (written `null`) where empty.
  public var bbox: [Int]?
  /// Of a composite.
  public var parts: [Part]?
  /// The mask, where `encoding` was `rle`.
  public var rle: RunLengthMask?
  /// The five likeliest categories of a query without text, best first.
  public var candidates: [Candidate]?
  /// The predicted IoU of each of the query's alternatives, where these were asked for.
  public var alternativeScores: [Double]?
  /// What was done to the mask after the networks, in order; nil: nothing.
  public var steps: [Step]?
  /// What a reader of the mask should know.
  public var warnings: [String]?
  /// Where another model found what the text names for one that knows boxes only: what it gave.
  public var promptedBy: String?

  public init(
    query: String?, category: String?, present: Bool, presence: Double, score: Double,
    voxels: Int? = nil, bbox: [Int]? = nil, parts: [Part]? = nil, rle: RunLengthMask? = nil,
    candidates: [Candidate]? = nil, alternativeScores: [Double]? = nil, steps: [Step]? = nil,
    warnings: [String]? = nil, promptedBy: String? = nil
  ) {
    self.query = query
    self.category = category
    self.present = present
    self.presence = presence
    self.score = score
    self.voxels = voxels
    self.bbox = bbox
    self.parts = parts
    self.rle = rle
    self.candidates = candidates
    self.alternativeScores = alternativeScores
    self.steps = steps
    self.warnings = warnings
    self.promptedBy = promptedBy
  }

  private enum CodingKeys: String, CodingKey {
    case query, category, present, presence, score, voxels, bbox, parts, rle, candidates, steps,
      warnings
    case alternativeScores = "alternative_scores"
    case promptedBy = "prompted_by"
  }

  /// In the protocol's order; the members that may be `null` are always there.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(query, forKey: .query)
    try container.encode(category, forKey: .category)
    try container.encode(present, forKey: .present)
    try container.encode(presence, forKey: .presence)
    try container.encode(score, forKey: .score)
    try container.encodeIfPresent(voxels, forKey: .voxels)
    if voxels != nil { try container.encode(bbox, forKey: .bbox) }
    try container.encodeIfPresent(parts, forKey: .parts)
    try container.encodeIfPresent(rle, forKey: .rle)
    try container.encodeIfPresent(candidates, forKey: .candidates)
    try container.encodeIfPresent(alternativeScores, forKey: .alternativeScores)
    try container.encodeIfPresent(steps, forKey: .steps)
    try container.encodeIfPresent(warnings, forKey: .warnings)
    try container.encodeIfPresent(promptedBy, forKey: .promptedBy)
  }
}
