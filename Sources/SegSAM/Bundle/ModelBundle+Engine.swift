public import Vocabulary

extension ModelBundle {
  /// The engine for the bundle's layout. Compiles networks: blocks for seconds.
  ///
  /// - Parameter detector: for Segment Anything's layout, the bundle of the model that finds what a text
  ///   names; nil: such a bundle answers boxes and clicks alone.
  public func engine(
    vocabulary: Vocabulary, options: PredictorOptions = PredictorOptions(),
    detector: ModelBundle? = nil
  ) throws -> any SegmentationEngine {
    guard manifest.sam != nil else {
      return try Predictor(bundle: self, vocabulary: vocabulary, options: options)
    }
    guard let detector else {
      return try SAMPredictor(bundle: self, vocabulary: vocabulary, options: options)
    }
    var each = options
    each.cacheBytes /= 2
    return try SAMPredictor(
      bundle: self, vocabulary: vocabulary, options: each,
      detector: Predictor(bundle: detector, vocabulary: vocabulary, options: each))
  }
}
