/// What stands in a bundle's `manifest.json`.
public struct Manifest: Codable, Sendable, Hashable {
  public static let currentFormat = "segsam-bundle/1"

  public var format = Manifest.currentFormat
  public var name: String
  public var version: String
  /// A line about what it is, for people.
  public var summary = ""
  public var network: NetworkConfiguration
  /// Segment Anything's layout instead of SEG-SAM's; nil: ours.
  public var sam: SAMConfiguration?
  /// The concrete categories that were trained, in the order of the CO-tokens.
  public var categories: [String]
  /// The modality in whose words each CO-token's description stands, in the order of `categories`.
  public var modalities: [String]
  /// Presence under which a category counts as absent, fitted on `val`; 0.5 for one that is missing.
  public var presenceThresholds: [String: Double] = [:]
  /// The same of free text, of which the query's own head speaks alone; nil: the median of theirs.
  public var freeTextThreshold: Double?
  /// How presence is calibrated; nil: as the network says it.
  public var presenceScaling: PresenceScaling?
  /// What is added to the logits of a mask that a text alone asked for, M_b and M_s, in a
  /// single image where anything is drawn at all: networks draw less than is best for DSC. Volumes lose by
  /// it in three dimensions. Chosen on `val`; nil: nothing.
  public var maskBias: Double?
  /// How far masks of volumes look at the slices around them: the standard deviation, in millimetres, of
  /// a Gaussian by which their logits count. Chosen on `val`; nil: not at all.
  public var maskReach: Double?
  /// The text encoder's id that the model was trained with.
  public var textEncoder: String

  public init(
    name: String, version: String, network: NetworkConfiguration, categories: [String],
    modalities: [String], textEncoder: String
  ) {
    self.name = name
    self.version = version
    self.network = network
    self.categories = categories
    self.modalities = modalities
    self.textEncoder = textEncoder
  }

  /// As many clicks as a query may have beside a box.
  public var clickRoom: Int { sam == nil ? QueryRun.mostClicks : SAMPrompt.clickRoom }
}
