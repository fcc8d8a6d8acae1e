public import Imaging

/// Which model answers.
public struct ModelInfo: Sendable, Hashable {
  public var name: String
  public var version: String
  public init(name: String, version: String) {
    self.name = name
    self.version = version
  }
}

/// A rectangle or cuboid in voxels of the input's grid, upper bounds exclusive (protocol: Geometry).
public struct Box: Sendable, Hashable {
  /// `[x0, y0, x1, y1]` or `[x0, y0, z0, x1, y1, z1]`.
  public var bounds: [Double]
  public init(_ bounds: [Double]) { self.bounds = bounds }
}

/// A click at a voxel centre of the input's grid.
public struct Click: Sendable, Hashable {
  /// `[x, y]` or `[x, y, z]`.
  public var at: [Double]
  /// On the object, or off it.
  public var isPositive: Bool
  public init(at: [Double], isPositive: Bool) {
    self.at = at
    self.isPositive = isPositive
  }
}

/// What one query is about.
public enum QuerySubject: Sendable, Hashable {
  /// A category of the vocabulary, by id; may be a composite.
  case category(String)
  /// An English description of something outside the vocabulary.
  case freeText(String)
  /// Nothing said: only where (a box or clicks).
  case unnamed
}

/// A mask as a prompt: a mask that is to be refined, or the next slice's (MedSAM2, arXiv 2504.03600).
///
/// Slices in which it is set are asked with it, and those which have a click.
public struct MaskPrompt: Sendable, Hashable {
  /// On the input's grid.
  public var mask: BinaryMask
  /// Whether in each slice the mask's box is a prompt too.
  public var givesBox: Bool
  /// What a pixel well inside the mask gains as a logit, and one well outside loses.
  public var strength: Double
  /// Whether the other slices are asked too, by what else the query says.
  public var asksElsewhere: Bool
  public init(
    _ mask: BinaryMask, givesBox: Bool = true, strength: Double = 4, asksElsewhere: Bool = false
  ) {
    self.mask = mask
    self.givesBox = givesBox
    self.strength = strength
    self.asksElsewhere = asksElsewhere
  }
}

/// One query of a request. Queries never influence each other.
public struct Query: Sendable, Hashable {
  public var subject: QuerySubject
  public var box: Box?
  public var clicks: [Click]
  public var mask: MaskPrompt?
  /// For experiments: what is told of the subject instead of its own description, a sentence for each
  /// ``Vocabulary/Aspect`` in their order; empty: its own.
  public var sentences: [String]
  public init(
    _ subject: QuerySubject, box: Box? = nil, clicks: [Click] = [], mask: MaskPrompt? = nil,
    sentences: [String] = []
  ) {
    self.subject = subject
    self.box = box
    self.clicks = clicks
    self.mask = mask
    self.sentences = sentences
  }

  /// Whether a box, a click or a mask says where.
  public var hasPlace: Bool { box != nil || !clicks.isEmpty || mask != nil }
}

/// How a request is to be answered.
public struct SegmentOptions: Sendable, Hashable {
  /// Of the mask probability, on the input's own grid.
  public var threshold: Double
  /// Nil: the one calibrated for each category, from the model's manifest.
  public var presenceThreshold: Double?
  public var wantsBinaryMasks: Bool, wantsSemanticMask: Bool, wantsProbabilities: Bool
  /// Whether the masks that were not chosen are given too.
  public var wantsAlternatives: Bool
  /// Of volumes; what answers slice by slice alone does not look at it.
  public var volume = VolumeOptions()
  /// Only these axial slices, counted from below, are looked at; nil: all.
  public var slices: Set<Int>?
  public init(
    threshold: Double = 0.5, presenceThreshold: Double? = nil, wantsBinaryMasks: Bool = true,
    wantsSemanticMask: Bool = true, wantsProbabilities: Bool = true, wantsAlternatives: Bool = false
  ) {
    self.threshold = threshold
    self.presenceThreshold = presenceThreshold
    self.wantsBinaryMasks = wantsBinaryMasks
    self.wantsSemanticMask = wantsSemanticMask
    self.wantsProbabilities = wantsProbabilities
    self.wantsAlternatives = wantsAlternatives
  }
}

/// A part of a composite, as found.
public struct PartResult: Sendable, Hashable {
  public var category: String
  public var isPresent: Bool
  public var presence: Double
  public init(category: String, isPresent: Bool, presence: Double) {
    self.category = category
    self.isPresent = isPresent
    self.presence = presence
  }
}

/// The answer to one query.
public struct QueryResult: Sendable {
  /// The category; for an unnamed query what the semantic-aware decoder takes it for; nil for free text.
  public var category: String?
  public var isPresent: Bool
  /// The probability that it is in the image, in [0, 1].
  public var presence: Double
  /// In a volume: the same of each axial slice, from below; else empty. `presence` is the largest.
  public var slicePresence: [Double]
  /// What `presence` was weighed from, in an image of one slice and of what is no composite.
  public var evidence: PresenceEvidence?
  /// The decoder's own estimate of the mask's IoU.
  public var score: Double
  /// M_b on the input's grid; empty where not present. Nil where no binary masks were asked for.
  public var mask: BinaryMask?
  /// Of a composite, else empty.
  public var parts: [PartResult]
  /// For an unnamed query the five likeliest categories, best first, with probabilities.
  public var candidates: [(category: String, probability: Double)]
  /// Where asked for: what else the decoder drew, its masks for ambiguous prompts (SAM). Empty for a
  /// composite, and where not present.
  public var alternatives: [BinaryMask]
  /// What was done to the mask after the networks, in order.
  public var steps: [ProcessingStep] = []
  /// What a reader of the mask should know, in English.
  public var warnings: [String] = []
  /// Their predicted IoU, where the engine gives it.
  public var alternativeScores: [Double] = []
  /// What another model told this one where only a text was given, such as `box of segsam-base 5`; nil
  /// where this model answered what was asked.
  public var promptedBy: String?
  public init(
    category: String?, isPresent: Bool, presence: Double, score: Double, mask: BinaryMask?,
    parts: [PartResult] = [], candidates: [(category: String, probability: Double)] = [],
    alternatives: [BinaryMask] = [], slicePresence: [Double] = []
  ) {
    self.category = category
    self.isPresent = isPresent
    self.presence = presence
    self.score = score
    self.mask = mask
    self.parts = parts
    self.candidates = candidates
    self.alternatives = alternatives
    self.slicePresence = slicePresence
  }
}

/// The answer to a request.
public struct SegmentationResult: Sendable {
  /// One for each query, in order.
  public var queries: [QueryResult]
  /// M_s: 0 background, n the category `labels[n - 1]`; nil where not asked for.
  public var semanticMask: LabelMap?
  /// Concrete categories in the order of first mention; a composite gives its parts.
  public var labels: [String]
  /// C_s for every trained category; in a volume the largest over slices. Empty where not asked for.
  public var probabilities: [String: Double]
  /// Milliseconds by stage: `image_encoder`, `decoders`.
  public var timing: [String: Double]
  public init(
    queries: [QueryResult], semanticMask: LabelMap?, labels: [String],
    probabilities: [String: Double], timing: [String: Double]
  ) {
    self.queries = queries
    self.semanticMask = semanticMask
    self.labels = labels
    self.probabilities = probabilities
    self.timing = timing
  }
}

/// How a cache of image features does: bytes held, and how often features were found and not found.
public struct FeatureCacheUse: Sendable, Hashable {
  public var bytes: Int, hits: Int, misses: Int
  public init(bytes: Int = 0, hits: Int = 0, misses: Int = 0) {
    self.bytes = bytes
    self.hits = hits
    self.misses = misses
  }
}

extension SegmentationEngine {
  public var inputSide: Int { 256 }
  /// Of an engine without one.
  public var featureCache: FeatureCacheUse { FeatureCacheUse() }
}

/// What the server asks of a model. Implementations never run inference on the cooperative pool.
public protocol SegmentationEngine: Sendable {
  var model: ModelInfo { get }
  /// Concrete categories that the model was trained on.
  var trainedCategories: Set<String> { get }

  /// Side of the square that a slice is scaled into, in pixels.
  var inputSide: Int { get }

  /// How the cache of image features does.
  var featureCache: FeatureCacheUse { get }

  /// Encodes an image ahead of queries, so that the next `segment` with the same `imageKey` finds
  /// its features in the cache.
  func prepare(_ image: MedicalImage, imageKey: String) async throws

  /// Answers the queries on an image. Geometry: all in the image's own grid.
  ///
  /// - Parameters:
  ///   - imageKey: a content hash under which features are cached; the same key, the same image.
  ///   - progress: called from any thread with (slices done, slices in all).
  func segment(
    _ image: MedicalImage, imageKey: String, queries: [Query], options: SegmentOptions,
    progress: (@Sendable (Int, Int) -> Void)?
  ) async throws -> SegmentationResult
}
