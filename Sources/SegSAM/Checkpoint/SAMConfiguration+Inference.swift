extension SAMConfiguration {
  /// Reads the sizes of a network off its parameters, and checks that all of them fit.
  ///
  /// - Parameters:
  ///   - shapes: of the parameters, by Segment Anything's names.
  ///   - hints: what shapes cannot say.
  /// - Throws: `BundleError` `.invalid` that names what is missing, superfluous, of another shape or
  ///   not known.
  public init(
    shapes: [String: [Int]], hints: SAMHints = SAMHints()
  ) throws(BundleError) {
    self.init()
    let read = ShapeReading(shapes: shapes)
    let patch = try read["image_encoder.patch_embed.proj.weight", rank: 4]
    (width, patchSize) = (patch[0], patch[2])
    depth = try read.count("image_encoder.blocks.", atMost: 256)
    encoderMLP = try read["image_encoder.blocks.0.mlp.lin1.weight", rank: 2][0]
    hasAbsolutePositions = shapes["image_encoder.pos_embed"] != nil
    hasRelativePositions = shapes["image_encoder.blocks.0.attn.rel_pos_h"] != nil
    hasAdapters = shapes["image_encoder.blocks.0.Adapter.norm.weight"] != nil
    try inferAttention(read, hints)

    promptWidth = try read["image_encoder.neck.0.weight", rank: 4][0]
    maskChannels = try read["prompt_encoder.mask_downscaling.3.weight", rank: 4][0]
    decoderDepth = try read.count("mask_decoder.transformer.layers.", atMost: 64)
    decoderHeads = hints.decoderHeads ?? decoderHeads
    let layer = "mask_decoder.transformer.layers.0"
    decoderMLP = try read["\(layer).mlp.lin1.weight", rank: 2][0]
    let narrow = try read["\(layer).cross_attn_token_to_image.q_proj.weight", rank: 2][0]
    attentionDownsampling = max(1, promptWidth / narrow)
    candidates = try read["mask_decoder.mask_tokens.weight", rank: 2][0] - 1
    scoreDepth = try read.count("mask_decoder.iou_prediction_head.layers.", atMost: 16)
    scoreWidth = try read["mask_decoder.iou_prediction_head.layers.0.weight", rank: 2][0]
    pixelMean = hints.pixelMean ?? pixelMean
    pixelDeviation = hints.pixelDeviation ?? pixelDeviation
    try checkSizes()
    try check(shapes)
  }

  /// Heads, windows and the image's size: from the positions, where there are some.
  private mutating func inferAttention(
    _ read: ShapeReading, _ hints: SAMHints
  ) throws(BundleError) {
    // By block; of a block that has none, the check of shapes says so.
    var sides: [Int: Int] = [:]
    if hasRelativePositions {
      for block in 0..<depth {
        let name = "image_encoder.blocks.\(block).attn.rel_pos_h"
        guard block == 0 || read.shapes[name] != nil else { continue }
        let shape = try read[name, rank: 2]
        sides[block] = (shape[0] + 1) / 2
        if block == 0 { heads = width / shape[1] }
      }
    } else {
      heads = try known(hints.heads, "the encoder's heads")
    }
    // Absolute positions stand on the image's own grid; of relative ones the longest do.
    let patches =
      hasAbsolutePositions ? try read["image_encoder.pos_embed", rank: 4][1] : sides.values.max()
    let (size, large) = (patches ?? 0).multipliedReportingOverflow(by: patchSize)
    guard !large else { throw ShapeReading.unfit("an image of \(patches ?? 0) patches a side") }
    imageSize = patches == nil ? try known(hints.imageSize, "the image's size") : size
    guard hints.imageSize == nil || hints.imageSize == imageSize else {
      throw ShapeReading.unfit(
        "positions for images of \(imageSize) pixels, where \(hints.imageSize ?? 0) are said")
    }
    if let window = hints.windowSize, let blocks = hints.globalBlocks {
      (windowSize, globalBlocks) = (window, blocks.filter { (0..<depth).contains($0) }.sorted())
    } else if hasRelativePositions {
      globalBlocks = (0..<depth).filter { sides[$0] == grid }
      // Several windows are no network of this kind; the check of shapes names their blocks.
      windowSize = (0..<depth).lazy.compactMap { sides[$0] }.first { $0 != grid } ?? 0
    } else {
      windowSize = try known(hints.windowSize, "the windows of its blocks")
    }
  }

  private func known<Value>(_ value: Value?, _ what: String) throws(BundleError) -> Value {
    guard let value else {
      throw BundleError(
        .invalid,
        "the checkpoint's shapes do not say \(what), since it has no such positions: put the"
          + " config.json that belongs to it beside it")
    }
    return value
  }
}
