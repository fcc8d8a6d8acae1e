/// The parameters of `segment`, checked (protocol: `segment`).
public struct SegmentParameters: Sendable, Hashable {
  /// A tensor of the result.
  public enum Output: String, Sendable, Hashable, CaseIterable {
    case binaryMasks = "binary_masks"
    case semanticMask = "semantic_mask"
    case probabilities
    /// The masks that the decoder draws for ambiguous prompts, with their predicted IoU.
    case alternatives

    /// What is sent where a request does not say.
    public static let usual: Set<Output> = [.binaryMasks, .semanticMask, .probabilities]
  }

  /// How binary masks travel.
  public enum Encoding: String, Sendable, Hashable, CaseIterable {
    case raw, bits, rle
  }

  /// Zoom-out-zoom-in in volumes.
  public enum Zoom: String, Sendable, Hashable, CaseIterable {
    case off, auto, on
  }

  /// Whether masks are led from slice to slice of a volume.
  public enum Propagation: String, Sendable, Hashable, CaseIterable {
    case off, auto
  }

  /// What anatomy says of masks in volumes.
  public enum PostProcessing: String, Sendable, Hashable, CaseIterable {
    case sides, components, holes
  }

  /// A click, at a voxel centre of the input's grid.
  public struct Point: Sendable, Hashable {
    /// `[x, y]` or `[x, y, z]`.
    public var at: [Double]
    /// Label 1: on the object; 0: off it.
    public var isPositive: Bool
    /// Which query it is for; nil: all.
    public var query: Int?
    public init(at: [Double], isPositive: Bool = true, query: Int? = nil) {
      self.at = at
      self.isPositive = isPositive
      self.query = query
    }
  }

  /// Names, synonyms, codes, unresolved; K queries in this order, duplicates kept.
  public var categories: [String] = []
  /// One more query, the last.
  public var freeText: String?
  /// Empty; one box for all queries; or one for each query, nil for none. A box is
  /// `[x0, y0, x1, y1]` or `[x0, y0, z0, x1, y1, z1]` in voxels, upper bounds exclusive.
  public var boxes: [[Double]?] = []
  public var points: [Point] = []
  /// In place of the input `image`.
  public var imageID: String?
  public var outputs = Output.usual
  public var encoding: Encoding = .raw
  /// Of the mask probability, on the input's own grid; in (0, 1).
  public var threshold: Double = 0.5
  /// In [0, 1]; nil: the model's calibrated ones.
  public var presenceThreshold: Double?
  /// The `id` of an earlier `segment` of the same client, whose answer is stored: its binary masks are
  /// where this one starts from, query by query, or one for all.
  public var refine: String?
  /// Of volumes; nil: as the server is set.
  public var zoom: Zoom?
  public var propagate: Propagation?
  public var postProcess: Set<PostProcessing>?
  /// Also publish under this study name.
  public var publish: String?

  public init() {}

  /// Whether a category or a free text says what is looked for.
  public var hasText: Bool { !categories.isEmpty || freeText != nil }

  /// K: the number of queries. Without text, the number of boxes, or 1.
  public var queryCount: Int {
    hasText ? categories.count + (freeText == nil ? 0 : 1) : max(1, boxes.count)
  }

  /// The box of a query; one box serves all.
  public func box(ofQuery n: Int) -> [Double]? {
    if boxes.count == 1 { return boxes[0] }
    return boxes.indices.contains(n) ? boxes[n] : nil
  }

  /// The points of a query: its own, and those for all.
  public func points(ofQuery n: Int) -> [Point] {
    points.filter { $0.query == nil || $0.query == n }
  }
}
