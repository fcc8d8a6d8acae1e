public import Imaging
public import SegSAM
public import Vocabulary

/// Answers about volumes with more than one slice's view: zoom-out-zoom-in, masks led from slice to
/// slice, and what anatomy says of the result (`SegmentOptions.volume`); the slices themselves are
/// another engine's work, and pictures are left to it altogether.
public struct VolumeEngine: SegmentationEngine {
  let base: any SegmentationEngine
  let vocabulary: Vocabulary

  public init(_ base: any SegmentationEngine, vocabulary: Vocabulary) {
    self.base = base
    self.vocabulary = vocabulary
  }

  public var model: ModelInfo { base.model }
  public var trainedCategories: Set<String> { base.trainedCategories }
  public var featureCache: FeatureCacheUse { base.featureCache }
  public var inputSide: Int { base.inputSide }

  public func prepare(_ image: MedicalImage, imageKey: String) async throws {
    try await base.prepare(image, imageKey: imageKey)
  }

  public func segment(
    _ image: MedicalImage, imageKey: String, queries: [Query], options: SegmentOptions,
    progress: (@Sendable (Int, Int) -> Void)?
  ) async throws -> SegmentationResult {
    let volume = options.volume
    let isPlain =
      volume.zoom == .off && volume.propagation == .off && volume.postProcessing.isEmpty
    // Without M_b there is nothing to work on, and what was not chosen is not worked on.
    guard image.isVolume, AxialView(image).sliceCount > 1, !isPlain, options.wantsBinaryMasks,
      !options.wantsAlternatives, options.slices == nil
    else {
      return try await base.segment(
        image, imageKey: imageKey, queries: queries, options: options, progress: progress)
    }
    var work = try await Background.run {
      try VolumeWork(
        image, key: imageKey, queries: queries, options: options, vocabulary: vocabulary,
        trained: base.trainedCategories)
    }
    work.progress = progress
    return try await work.run(base)
  }
}
