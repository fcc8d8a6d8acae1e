import Imaging

/// Another network's image encoder in the place of our transformer: an ONNX file that stays as it is, and
/// stands in a bundle's manifest, or Segment Anything's (`NetworkConfiguration.sam`).
///
/// What it is shown is our picture of a slice (`NetworkInput`: of HU three windows, of other gray images
/// three times the same), scaled to its own side; our convolutions look beside it for sharp edges.
public struct ForeignEncoder: Codable, Sendable, Hashable {
  /// Its name in a bundle's folder.
  public static let file = "encoder.onnx"

  /// Side of the square that it takes, in pixels.
  public var imageSize: Int
  /// Channels of its features, and how many of them lie along a side.
  public var channels: Int, grid: Int
  /// Where features come as tokens `[1, T, channels]`: how many stand before those of places (a class
  /// token, registers). Nil: they come as `[1, channels, grid, grid]`.
  public var leadingTokens: Int?
  /// Of red, green and blue in 0…1: what is subtracted, and by what is divided then.
  public var mean: [Double], deviation: [Double]

  public init(
    imageSize: Int, channels: Int, grid: Int, leadingTokens: Int? = nil, mean: [Double],
    deviation: [Double]
  ) {
    self.imageSize = imageSize
    self.channels = channels
    self.grid = grid
    self.leadingTokens = leadingTokens
    self.mean = mean
    self.deviation = deviation
  }

  /// Segment Anything's.
  init(_ sam: SAMConfiguration) {
    self.init(
      imageSize: sam.imageSize, channels: sam.promptWidth, grid: sam.grid, leadingTokens: 0,
      mean: sam.pixelMean.map { $0 / 255 }, deviation: sam.pixelDeviation.map { $0 / 255 })
  }

  /// What our pictures are multiplied by to have its colours, and what is added then; of each colour.
  var factors: [Float] { deviation.map { Float(Double(NetworkInput.deviation) / $0) } }
  var offsets: [Float] {
    zip(mean, deviation).map { Float((Double(NetworkInput.mean) - $0) / $1) }
  }

  var isSane: Bool {
    (16...4096).contains(imageSize) && (1...8192).contains(channels) && (1...512).contains(grid)
      && (0...64).contains(leadingTokens ?? 0) && mean.count == 3 && deviation.count == 3
      && (mean + deviation).allSatisfy(\.isFinite) && deviation.allSatisfy { $0 > 0 }
  }
}
