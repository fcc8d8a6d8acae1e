/// The checked `parameters` of an input `image` (protocol: `segment`, Input `image`).
public struct InputImageParameters: Sendable, Hashable {
  /// Axes in C order.
  public enum Layout: String, Sendable, Hashable, CaseIterable {
    /// `[height, width]`
    case hw = "HW"
    /// `[height, width, 3]`
    case hwc = "HWC"
    /// `[depth, height, width]`
    case dhw = "DHW"
  }

  /// What the numbers mean.
  public enum Intensity: String, Sendable, Hashable, CaseIterable {
    case hounsfield = "HU"
    case windowed
    case raw
  }

  /// Nil for `BYTES`, where the file says.
  public var layout: Layout?
  /// DICOM's term; nil: unknown.
  public var modality: String?
  /// Nil for a `BYTES` image that does not say.
  public var intensity: Intensity?
  /// Four rows of four: voxel `(i, j, k, 1)` to RAS millimetres.
  public var affine: [[Double]]?
  /// Millimetres along x, y and, where given, z.
  public var spacing: [Double]?
  /// Of `BYTES`, and only there.
  public var contentType: String?

  public init(
    layout: Layout? = nil, modality: String? = nil, intensity: Intensity? = nil,
    affine: [[Double]]? = nil, spacing: [Double]? = nil, contentType: String? = nil
  ) {
    self.layout = layout
    self.modality = modality
    self.intensity = intensity
    self.affine = affine
    self.spacing = spacing
    self.contentType = contentType
  }
}

/// The input `image` of a request: a checked tensor or a whole file.
public struct InputImage: Sendable, Hashable {
  public var tensor: Tensor
  public var parameters: InputImageParameters

  public init(tensor: Tensor, parameters: InputImageParameters) {
    self.tensor = tensor
    self.parameters = parameters
  }

  /// Whether this is a file (`BYTES`) that is still to be read.
  public var isFile: Bool { tensor.entry.datatype == .bytes }
  /// `[H, W]` or `[D, H, W]`; nil for a file.
  public var gridShape: [Int]? {
    guard let layout = parameters.layout else { return nil }
    return layout == .hwc ? Array(tensor.entry.shape.prefix(2)) : tensor.entry.shape
  }
}
