import Imaging
import SegSAM

/// Asks for objects in one slice of a volume, a mask and its box being the prompt (MedSAM2,
/// arXiv 2504.03600): the step of propagation.
struct SliceStep {
  let engine: any SegmentationEngine
  /// In the radiological view.
  let viewed: MedicalImage
  let key: String
  var threshold = 0.5
  /// How much the mask itself weighs.
  var strength = SliceStep.usualStrength
  /// Chosen on `val`, for slices between annotated ones.
  static let usualStrength = 8.0

  /// How many slices around are shown with one, in millimetres: as far as networks look.
  private static let reach = 4.0

  /// - Parameters:
  ///   - asked: what to look for, and the mask of this slice's size that it is expected to have.
  /// - Returns: of each, what was found in the slice, with a mask of one slice.
  func ask(
    _ asked: [(query: Query, mask: BinaryMask)], slice k: Int
  ) async throws -> [QueryResult] {
    let spacing = viewed.hasSpacing ? viewed.affine.spacing[2] : 0
    let around = spacing > 0 ? min(max(1, Int((Self.reach / spacing).rounded(.up))), 8) : 1
    let range = max(0, k - around)..<min(viewed.depth, k + around + 1)
    guard let slab = viewed.slices(range) else { return [] }
    let level = k - range.lowerBound
    let area = viewed.width * viewed.height
    let queries = asked.map { one in
      var lifted = BinaryMask(width: viewed.width, height: viewed.height, depth: range.count)
      lifted.voxels.replaceSubrange(level * area..<(level + 1) * area, with: one.mask.voxels)
      var query = one.query
      query.mask = MaskPrompt(lifted, givesBox: true, strength: strength)
      return query
    }
    var options = SegmentOptions(
      threshold: threshold, wantsSemanticMask: false, wantsProbabilities: false)
    options.slices = [level]
    let result = try await engine.segment(
      slab, imageKey: "\(key)/around \(k)", queries: queries, options: options, progress: nil)
    return result.queries.map { found in
      var one = found
      one.mask = found.mask?.slice(level)
      one.presence = level < found.slicePresence.count ? found.slicePresence[level] : found.presence
      return one
    }
  }
}
