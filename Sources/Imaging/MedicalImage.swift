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
public struct MedicalImage: Sendable {
  /// Extents along i, j, k.
  public var width: Int, height: Int, depth: Int
  /// 1, or 3 for colour (RGB).
  public var channels: Int
  /// `depth × height × width × channels` values, with slope and intercept applied (HU in CT).
  public var samples: [Float]
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
    self.samples = samples
    self.affine = affine
    self.modality = modality
    self.intensity = intensity
    self.isVolume = isVolume
    self.hasSpacing = hasSpacing
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
