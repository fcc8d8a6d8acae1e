/// The sizes of a network in Segment Anything's layout (arXiv 2304.02643); stands in a bundle's
/// manifest. Weights go by the names of Segment Anything's own checkpoints (`image_encoder.blocks.0.…`,
/// `prompt_encoder.…`, `mask_decoder.…`).
public struct SAMConfiguration: Codable, Sendable, Hashable {
  /// Side of the square that an image is scaled and padded into, in pixels.
  public var imageSize = 1024
  /// Side of a patch, in pixels.
  public var patchSize = 16
  /// Width of the encoder's tokens, its transformer blocks, and the heads of each.
  public var width = 768
  public var depth = 12
  public var heads = 12
  /// Hidden width of the encoder's MLPs.
  public var encoderMLP = 3072
  /// Side of the windows in which blocks attend, in patches; 0: all attend to the whole image.
  public var windowSize = 14
  /// Blocks that attend to the whole image.
  public var globalBlocks = [2, 5, 8, 11]
  /// Whether attention has relative positions, and the patches absolute ones.
  public var hasRelativePositions = true
  public var hasAbsolutePositions = true
  /// SAM-Med2D's adapters in the encoder's blocks (arXiv 2308.16184).
  public var hasAdapters = false

  /// Width of the prompt encoder's and decoder's tokens.
  public var promptWidth = 256
  /// Channels of the first convolutions over a mask prompt: a quarter of them, then all.
  public var maskChannels = 16
  public var decoderDepth = 2
  public var decoderHeads = 8
  public var decoderMLP = 2048
  /// The decoder's cross-attention halves its width by this.
  public var attentionDownsampling = 2
  /// Masks for ambiguous prompts; the decoder has one more for unambiguous ones.
  public var candidates = 3
  /// Layers of the head that predicts the IoU, and their hidden width.
  public var scoreDepth = 3
  public var scoreWidth = 256

  /// How an image becomes the network's input; nil: `.sam`.
  public var preprocessing: Preprocessing? = .sam
  public enum Preprocessing: String, Codable, Sendable, CaseIterable {
    /// The longest side is scaled to `imageSize`, the rest is padded at the right and below; colours are
    /// normalised by mean and deviation.
    case sam
    /// Scaled to a square, then the slice's smallest value to 0 and its largest to 1 (arXiv 2304.12306).
    case medsam
    /// Scaled to a square, normalised by mean and deviation (arXiv 2308.16184).
    case sammed2d
  }

  /// Of colours in 0…255, channel by channel: what is subtracted, and by what is divided after it.
  public var pixelMean = [123.675, 116.28, 103.53]
  public var pixelDeviation = [58.395, 57.12, 57.375]

  public init() {}

  /// Patches along a side.
  public var grid: Int { imageSize / patchSize }
  /// Pixels along a side of the decoder's masks, and of a mask prompt.
  public var maskSide: Int { 4 * grid }
  /// Masks that the decoder draws: one for unambiguous prompts first.
  public var maskCount: Int { candidates + 1 }
}
