/// How a volume is worked on, beyond slice by slice.
public struct VolumeOptions: Sendable, Hashable {
  /// Zoom-out-zoom-in (SegVol, arXiv 2311.13385, section 3.4).
  public enum Zoom: String, Sendable, Hashable, CaseIterable {
    /// Every slice whole.
    case off
    /// Where objects are small beside what the network sees of a slice.
    case auto
    case on
    /// Every slice in windows at full resolution, with no look from afar: slow, to compare with.
    case everywhere
  }

  /// Whether masks are led from slice to slice.
  public enum Propagation: String, Sendable, Hashable, CaseIterable {
    case off
    /// On from where a mask ends, while slices look alike and the object's presence lasts.
    case auto
    /// Only between annotated slices: it pauses where annotation ends, and a slice that is annotated
    /// as empty ends it.
    case annotated
  }

  public var zoom: Zoom
  public var propagation: Propagation
  /// The steps of anatomy that are taken, each listed in the result where it changed something.
  public var postProcessing: Set<ProcessingStep.Kind>

  public init(
    zoom: Zoom = .off, propagation: Propagation = .off,
    postProcessing: Set<ProcessingStep.Kind> = Set(ProcessingStep.Kind.postProcessing)
  ) {
    self.zoom = zoom
    self.propagation = propagation
    self.postProcessing = postProcessing
  }
}

/// Something that was done to a mask after the networks.
public struct ProcessingStep: Sendable, Hashable {
  public enum Kind: String, Sendable, Hashable, CaseIterable {
    /// A look from afar found where the object is, and a closer one drew it there.
    case zoom
    /// The look from afar found nothing, so all was searched.
    case fullSearch = "full_search"
    /// Slices were filled from their neighbours.
    case propagation
    /// Pieces beyond those that the object has were left out.
    case components
    /// Holes that are open to nowhere were filled.
    case holes
    /// Pieces on the other side of the patient's midline were left out.
    case sides

    public static let postProcessing: [Kind] = [.sides, .components, .holes]
  }

  public var kind: Kind
  /// How many voxels it added, and took away.
  public var added: Int, removed: Int
  /// More, in English.
  public var note: String?

  public init(_ kind: Kind, added: Int = 0, removed: Int = 0, note: String? = nil) {
    self.kind = kind
    self.added = added
    self.removed = removed
    self.note = note
  }
}
