extension SAMConfiguration {
  /// Refuses sizes that would ask for absurd amounts of memory or that do not fit each other.
  func check(_ file: String) throws(BundleError) {
    let encoder =
      (32...2048).contains(imageSize) && (4...64).contains(patchSize)
      && imageSize % patchSize == 0 && (1...128).contains(grid) && (4...4096).contains(width)
      && (1...64).contains(depth) && (1...64).contains(heads) && width % heads == 0
      && (1...32768).contains(encoderMLP) && (0...128).contains(windowSize)
      && globalBlocks.allSatisfy { (0..<depth).contains($0) }
      && (!hasAdapters || (grid % 2 == 0 && width % 4 == 0))
    let decoder =
      (8...1024).contains(promptWidth) && promptWidth % 8 == 0 && (4...256).contains(maskChannels)
      && maskChannels % 4 == 0 && (1...16).contains(decoderDepth)
      && (1...64).contains(decoderHeads) && promptWidth % decoderHeads == 0
      && (1...16384).contains(decoderMLP) && (1...64).contains(attentionDownsampling)
      && promptWidth % (attentionDownsampling * decoderHeads) == 0
      && (1...8).contains(candidates) && (1...16).contains(scoreDepth)
      && (1...4096).contains(scoreWidth)
    let pixels =
      pixelMean.count == 3 && pixelDeviation.count == 3 && pixelMean.allSatisfy(\.isFinite)
      && pixelDeviation.allSatisfy { $0.isFinite && $0 > 0 }
    guard encoder, decoder, pixels else {
      throw BundleError(
        .invalid, "\(file): the sizes of Segment Anything's layout are out of range or do not fit")
    }
  }

  /// Whether an image fills the square, each way by its own scale.
  var isStretched: Bool { (preprocessing ?? .sam) != .sam }
}
