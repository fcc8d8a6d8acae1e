/// What the shapes of a checkpoint do not say of the network, from elsewhere: nil is unknown.
public struct SAMHints: Sendable, Hashable {
  /// In pixels; the shapes say it where there are absolute positions.
  public var imageSize: Int?
  /// Heads of the encoder; the shapes say it where there are relative positions.
  public var heads: Int?
  /// Where blocks attend; the shapes say it where there are relative positions.
  public var windowSize: Int?
  public var globalBlocks: [Int]?
  /// Heads of the decoder; 8 in all published networks.
  public var decoderHeads: Int?
  /// Of colours in 0…255.
  public var pixelMean: [Double]?, pixelDeviation: [Double]?

  public init() {}

  /// All that is known of a network.
  public init(_ sam: SAMConfiguration) {
    (imageSize, heads, windowSize) = (sam.imageSize, sam.heads, sam.windowSize)
    (globalBlocks, decoderHeads) = (sam.globalBlocks, sam.decoderHeads)
    (pixelMean, pixelDeviation) = (sam.pixelMean, sam.pixelDeviation)
  }

  /// MedSAM's: colours in 0…1 and nothing subtracted.
  public mutating func useUnitPixels() {
    (pixelMean, pixelDeviation) = ([0, 0, 0], [255, 255, 255])
  }
}
