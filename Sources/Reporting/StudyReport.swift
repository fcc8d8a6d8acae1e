/// What was found in one image, as data. Keys are snake case in JSON; what is not known is left out.
public struct StudyReport: Codable, Sendable, Hashable {
  /// The model that answered.
  public struct Model: Codable, Sendable, Hashable {
    public var name: String
    public var version: String
  }

  /// The image that was looked at.
  public struct Image: Codable, Sendable, Hashable {
    /// `[k, j, i]` of a volume, `[j, i]` of an image.
    public var shape: [Int]
    /// Along i, j (and k); nil where the sender gave none.
    public var spacing: [Double]?
    /// Voxel indices to RAS millimetres; nil where the sender gave none.
    public var affine: [[Double]]?
    public var modality: String?
    /// `HU`, `windowed` or `raw`: the unit of means and deviations.
    public var intensity: String

    enum CodingKeys: String, CodingKey {
      case shape
      case spacing = "spacing_mm"
      case affine, modality, intensity
    }
  }

  public var notice: String
  /// ISO 8601; nil where the caller gave none.
  public var created: String?
  public var model: Model
  public var image: Image
  public var findings: [Finding]

  /// What every report says.
  public static let notice = "Made by software for research. Not for diagnosis or treatment."
}

/// The answer to one question of a report.
public struct Finding: Codable, Sendable, Hashable {
  /// Of one part of a composite.
  public struct Part: Codable, Sendable, Hashable {
    public var category: String
    public var present: Bool
    public var presence: Double
  }

  /// Of the samples under the mask; population standard deviation.
  public struct Intensity: Codable, Sendable, Hashable {
    public var mean: Double
    public var standardDeviation: Double
    public var minimum: Double, maximum: Double

    enum CodingKeys: String, CodingKey {
      case mean
      case standardDeviation = "sd"
      case minimum = "min"
      case maximum = "max"
    }
  }

  /// Along k, of the grid that came in.
  public struct Slices: Codable, Sendable, Hashable {
    public var first: Int, last: Int
    /// How many show it.
    public var count: Int
    /// The one that shows most of it.
    public var largest: Int
  }

  /// A category id; nil for free text.
  public var category: String?
  public var name: String
  public var present: Bool
  /// The probability that it is in the image.
  public var presence: Double
  /// The model's own estimate of the mask's IoU.
  public var score: Double
  public var voxels: Int
  /// In cm², of an image whose spacing is known.
  public var area: Double?
  /// In mL, of a volume whose spacing is known.
  public var volume: Double?
  public var intensity: Intensity?
  /// `[x0, y0, x1, y1]` or `[x0, y0, z0, x1, y1, z1]`, in voxels, upper bounds exclusive.
  public var box: [Int]?
  /// In volumes.
  public var slices: Slices?
  /// Of a composite.
  public var parts: [Part]
  /// What a reader should know of the mask, such as that the volume is implausible; nil: nothing.
  public var warnings: [String]?

  enum CodingKeys: String, CodingKey {
    case category, name, present, presence, score, voxels
    case area = "area_cm2"
    case volume = "volume_ml"
    case intensity
    case box = "bbox"
    case slices, parts, warnings
  }
}
