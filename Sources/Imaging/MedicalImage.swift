/// What kind of machine made an image, in DICOM's terms (Modality, 0008,0060).
public struct Modality: Sendable, Hashable, RawRepresentable, CustomStringConvertible {
  public let rawValue: String
  public init(rawValue: String) { self.rawValue = rawValue }
  public var description: String { rawValue }
  public static let ct = Modality(rawValue: "CT"), mr = Modality(rawValue: "MR")
}

/// What the numbers of an image mean (protocol: `intensity`).
public enum Intensity: String, Sendable, Hashable, CaseIterable {
  /// Hounsfield units.
  case hounsfield = "HU"
  /// Already in a display window.
  case windowed
  /// Whatever the machine wrote.
  case raw
}

/// An image or volume with its place in the patient.
///
/// Samples are in C order `[k, j, i, c]`; an image is a volume of depth 1. i is the last spatial
/// axis, x. Integer coordinates are voxel centres.
///
/// Turned by an `AxialView`, it shares the samples of the image that it was made from, and a slice or a part
/// is put in order when it is asked for: a large volume is not in memory twice.
public struct MedicalImage: Sendable {
  /// Extents along i, j, k.
  public var width: Int, height: Int, depth: Int
  /// 1, or 3 for colour (RGB).
  public var channels: Int
  /// `depth × height × width × channels` values, with slope and intercept applied (HU in CT). Of a
  /// turned image they are put in order each time: ask it for slices.
  public var samples: [Float] {
    get { turn == nil ? stored : part([0..<width, 0..<height, 0..<depth]) }
    set { (stored, turn) = (newValue, nil) }
    _modify {
      if turn != nil { self.samples = samples }
      yield &stored
    }
  }
  private var stored: [Float]
  /// How they lie in `stored`; nil: in order.
  private var turn: Turn?
  /// Voxel indices to RAS millimetres.
  public var affine: Affine
  public var modality: Modality?
  public var intensity: Intensity
  /// Whether what came in had three spatial axes (`DHW`); says the rank of masks that go back.
  public var isVolume: Bool
  /// Whether the affine was given by the sender (else spacing is unknown and taken as 1 mm).
  public var hasSpacing: Bool
  /// Of each slice along k: what is shown black and what white. Nil: as the slice itself says; of a
  /// part of an image, what the whole slice said.
  public var displayRanges: [ClosedRange<Float>]?

  public init(
    width: Int, height: Int, depth: Int = 1, channels: Int = 1, samples: [Float],
    affine: Affine = .radiological(), modality: Modality? = nil, intensity: Intensity = .raw,
    isVolume: Bool = false, hasSpacing: Bool = false
  ) {
    precondition(samples.count == width * height * depth * channels)
    self.width = width
    self.height = height
    self.depth = depth
    self.channels = channels
    stored = samples
    self.affine = affine
    self.modality = modality
    self.intensity = intensity
    self.isVolume = isVolume
    self.hasSpacing = hasSpacing
  }

  /// The values of slice k, `[height, width, channels]`.
  ///
  /// - Precondition: 0 ≤ k < depth.
  public func plane(_ k: Int) -> [Float] { part([0..<width, 0..<height, k..<k + 1]) }

  /// The values of a part of the grid, ranges along i, j, k.
  ///
  /// - Precondition: they lie within the grid.
  package func part(_ ranges: [Range<Int>]) -> [Float] {
    let plane = width * height * channels
    if turn == nil, ranges[0] == 0..<width, ranges[1] == 0..<height {
      return Array(stored[ranges[2].lowerBound * plane..<ranges[2].upperBound * plane])
    }
    let order = turn ?? Turn(start: 0, steps: [channels, width * channels, plane])
    return order.part(of: stored, ranges, channels: channels)
  }

  /// With other extents and axes over the same samples.
  func turned(_ turn: Turn, size: [Int], affine: Affine) -> MedicalImage {
    var result = self
    if self.turn != nil { result.samples = samples }
    (result.width, result.height, result.depth) = (size[0], size[1], size[2])
    result.affine = affine
    result.turn = turn
    return result
  }

  /// `[depth, height, width]` for a volume, `[height, width]` for an image.
  public var gridShape: [Int] { isVolume ? [depth, height, width] : [height, width] }
  public var voxelCount: Int { width * height * depth }
}

/// A binary mask on an image's own grid, `[k, j, i]` in C order, 0 or 1.
public struct BinaryMask: Sendable, Hashable {
  public var width: Int, height: Int, depth: Int
  public var voxels: [UInt8]

  public init(width: Int, height: Int, depth: Int = 1, voxels: [UInt8]? = nil) {
    self.width = width
    self.height = height
    self.depth = depth
    self.voxels = voxels ?? [UInt8](repeating: 0, count: width * height * depth)
    precondition(self.voxels.count == width * height * depth)
  }

  /// How many voxels are set.
  public var count: Int { voxels.reduce(0) { $0 + Int($1) } }

  /// What is set and what is not, exchanged.
  package var inverse: BinaryMask {
    BinaryMask(width: width, height: height, depth: depth, voxels: voxels.map { $0 == 0 ? 1 : 0 })
  }
}

/// A label per voxel on an image's own grid, 0 being background.
public struct LabelMap: Sendable, Hashable {
  public var width: Int, height: Int, depth: Int
  public var labels: [UInt16]

  public init(width: Int, height: Int, depth: Int = 1, labels: [UInt16]? = nil) {
    self.width = width
    self.height = height
    self.depth = depth
    self.labels = labels ?? [UInt16](repeating: 0, count: width * height * depth)
    precondition(self.labels.count == width * height * depth)
  }
}
