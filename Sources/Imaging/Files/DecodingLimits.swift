/// What a file may make the reader allocate.
public struct DecodingLimits: Sendable, Hashable {
  /// Of a picture (PNG, JPEG).
  public var maxPixels: Int
  /// Of a volume (NIfTI); four bytes each once decoded.
  public var maxVoxels: Int
  /// Of the file as it lies on disk.
  public var maxFileBytes: Int

  public init(
    maxPixels: Int = 1 << 26, maxVoxels: Int = 1 << 28, maxFileBytes: Int = 1 << 31
  ) {
    self.maxPixels = maxPixels
    self.maxVoxels = maxVoxels
    self.maxFileBytes = maxFileBytes
  }
  public static let standard = DecodingLimits()
}
