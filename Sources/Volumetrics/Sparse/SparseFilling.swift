public import Imaging
public import SegSAM

/// Fills a volume from a few annotated slices.
///
/// Between two annotated slices each slice is expected to look as their shapes interpolated; the
/// network, told that and the name, says where the border is. A slice annotated as empty ends an
/// object; beyond the outermost annotated slices a mask is led on from slice to slice, or not, as
/// `propagation` says.
public struct SparseFilling: Sendable {
  /// Something that is annotated.
  public struct Label: Sendable, Hashable {
    public var value: UInt16
    /// What it is; unnamed where nobody knows.
    public var subject: QuerySubject
    public init(value: UInt16, subject: QuerySubject) {
      self.value = value
      self.subject = subject
    }
  }

  public var engine: any SegmentationEngine
  public var labels: [Label]
  /// `annotated`: between annotated slices only. `auto`: beyond them too. `off`: shapes alone are
  /// interpolated, and no network is asked.
  public var propagation = VolumeOptions.Propagation.auto
  public var threshold = 0.5
  /// How much the interpolated shape weighs against the network, as a logit; chosen on `val`.
  public var strength = SliceStep.usualStrength

  public init(engine: any SegmentationEngine, labels: [Label]) {
    self.engine = engine
    self.labels = labels
  }

  /// What was filled.
  public struct Result: Sendable {
    /// On the image's grid; annotated slices are as they came.
    public var map: LabelMap
    /// Slices that a network drew, that were interpolated only, and that stayed empty.
    public var drawn = 0, interpolated = 0
  }

  /// - Parameters:
  ///   - annotation: on the image's grid.
  ///   - annotated: of the radiological view, axial slices from below, which count as annotated besides
  ///     those in which something is.
  ///   - progress: slices done, and in all.
  /// - Throws: `ImagingError` `.mismatch` for another grid, and what the engine throws.
  public func fill(
    _ annotation: LabelMap, in image: MedicalImage, imageKey: String, annotated: Set<Int> = [],
    progress: (@Sendable (Int, Int) -> Void)? = nil
  ) async throws -> Result {
    let view = AxialView(image)
    let (viewed, known) = try await Background.run {
      (try view.view(image), try view.view(annotation))
    }
    let area = viewed.width * viewed.height
    var slices = annotated.intersection(0..<viewed.depth)
    for k in 0..<viewed.depth
    where known.labels[k * area..<(k + 1) * area].contains(where: { $0 != 0 }) {
      slices.insert(k)
    }
    var work = SparseWork(
      filling: self, viewed: viewed, key: imageKey, known: known, annotated: slices.sorted())
    try await work.run(progress)
    let map = work.map
    return Result(
      map: try await Background.run { try view.restore(map) }, drawn: work.drawn,
      interpolated: work.interpolated)
  }
}
