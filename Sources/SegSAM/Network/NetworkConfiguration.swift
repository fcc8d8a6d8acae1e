/// The sizes of a network; stands in a bundle's manifest.
public struct NetworkConfiguration: Codable, Sendable, Hashable {
  /// Which network it is; nil: SEG-SAM.
  public var architecture: Architecture?
  public enum Architecture: String, Codable, Sendable, CaseIterable { case segsam, unet }
  /// S: side of the square that an image is scaled into, in pixels; a multiple of 16.
  public var imageSize = 256
  /// Width of tokens and of f_v.
  public var width = 256
  /// Channels at strides 2, 4 and 8.
  public var stages = [24, 48, 96]
  /// Residual blocks at strides 4 and 8.
  public var stageBlocks = 2
  /// Transformer blocks at stride 16.
  public var depth = 4
  public var heads = 8
  /// Hidden width of the encoder's MLPs as a multiple of `width`.
  public var mlpRatio = 2
  /// Inner width of the decoders' cross-attention (SAM halves the width there).
  public var crossWidth = 128
  /// Two-way blocks of the semantic-agnostic decoder.
  public var decoderDepth = 2
  /// Hidden width of the decoders' MLPs.
  public var decoderMLP = 256
  /// Channels of the decoder's upscaled features at strides 8 and 4.
  public var upscaled = [64, 32]
  /// Width of a sentence vector, and how many describe a category.
  public var textWidth = 384
  public var aspects = 6
  /// Box corners (two) and clicks in one prompt; unused places hold "not a point".
  public var points = 8
  /// Whether what a description draws by itself is added to M_b as it is to M_s; nil: not, as in
  /// models before version 3.
  public var drawsBinary: Bool? = true

  /// Whether boxes and clicks are drawn as maps for the decoders, besides being tokens; nil: not, as
  /// in models before version 4.
  public var mapsPlaces: Bool? = true
  /// How far apart, in millimetres, the slices below and above are that a slice of a volume is seen
  /// with, as channels 3 and 4 of the image; nil: each slice is seen alone.
  public var sliceReach: Double?
  /// Another network's image encoder, whose features stand in the place of our transformer's; nil: none.
  public var encoder: ForeignEncoder?
  /// Segment Anything's image encoder, prompt encoder and mask decoder, whose parameters' names begin with
  /// `sam.`: M_b is drawn by them. Nil: by ours.
  public var sam: SAMConfiguration?
  /// How far apart, in millimetres, the slices are whose features a volume's slice looks at, two below
  /// and two above (`CrossSliceAttention`); nil: at none.
  public var sliceAttention: Double?

  public init() {}

  /// Channels of an image `[N, channels, S, S]`.
  public var channels: Int { sliceReach == nil ? 3 : 5 }

  /// What another network's image encoder takes and gives; nil: all is ours.
  public var foreign: ForeignEncoder? { encoder ?? sam.map(ForeignEncoder.init) }

  public var isUNet: Bool { architecture == .unet }

  /// Image tokens along a side, S / 16.
  public var grid: Int { imageSize / 16 }
}
