public import Imaging

import func Foundation.exp
import func Foundation.log

/// Segments everything in a slice: a click at each point of a grid, the good masks kept, each named
/// (automatic mask generation, arXiv 2304.02643, section 4 and appendix B; without its crops).
///
/// Any engine will do: it is asked nothing but unnamed queries of one click.
public struct EverythingSegmenter: Sendable {
  public var engine: any SegmentationEngine
  public var options: EverythingOptions

  public init(engine: any SegmentationEngine, options: EverythingOptions = EverythingOptions()) {
    self.engine = engine
    self.options = options
  }

  /// A mask that may be a region.
  private struct Candidate {
    var point: (x: Int, y: Int)
    var mask: PackedMask
    var result: QueryResult
    var stability: Double?
  }

  /// The regions of a slice, the best first; none where the slice is empty.
  ///
  /// - Parameters:
  ///   - image: a single slice.
  ///   - imageKey: as in `SegmentationEngine`.
  ///   - progress: called with (points asked, points in all).
  /// - Throws: `PredictorError` `.invalidQuery` for a volume; what the engine throws.
  public func regions(
    of image: MedicalImage, imageKey: String,
    progress: (@Sendable (Int, Int) -> Void)? = nil
  ) async throws -> [EverythingRegion] {
    guard image.depth == 1 else {
      throw PredictorError(
        .invalidQuery, "everything is segmented slice by slice: give one slice, not a volume")
    }
    let points = try PointGrid.points(of: image, side: options.grid)
    let area = Double(image.width * image.height)
    var found: [Candidate] = []
    for start in stride(from: 0, to: points.count, by: max(options.batch, 1)) {
      let some = Array(points[start..<min(start + max(options.batch, 1), points.count)])
      let answers = try await ask(some, image, imageKey, threshold: options.threshold)
      for (point, answer) in zip(some, answers) {
        guard answer.isPresent, answer.score >= options.leastScore, let mask = answer.mask else {
          continue
        }
        let packed = PackedMask(mask)
        let share = Double(packed.count) / area
        guard packed.count > 0, share >= options.leastArea, share <= options.greatestArea else {
          continue
        }
        var result = answer
        result.mask = nil
        found.append(Candidate(point: point, mask: packed, result: result))
      }
      progress?(start + some.count, points.count)
    }
    let order = found.indices.sorted { a, b in
      let (x, y) = (found[a].result.score, found[b].result.score)
      return x == y ? a < b : x > y
    }
    let kept = try await suppress(order.map { found[$0] }, image, imageKey)
    return merged(kept)
  }

  private func ask(
    _ points: [(x: Int, y: Int)], _ image: MedicalImage, _ key: String, threshold: Double
  ) async throws -> [QueryResult] {
    let queries = points.map { point in
      let at = [Double(point.x), Double(point.y)] + (image.isVolume ? [0] : [])
      return Query(.unnamed, clicks: [Click(at: at, isPositive: true)])
    }
    let asked = SegmentOptions(
      threshold: threshold, wantsSemanticMask: false, wantsProbabilities: false)
    let answers = try await engine.segment(
      image, imageKey: key, queries: queries, options: asked, progress: nil
    ).queries
    let fits = answers.allSatisfy {
      guard let mask = $0.mask else { return true }
      return mask.width == image.width && mask.height == image.height && mask.depth == 1
    }
    guard answers.count == queries.count, fits else {
      throw PredictorError(.inference, "the model's answer has a wrong shape")
    }
    return answers
  }

  /// Greedy non-maximum suppression of masks, the best first. What would stay is looked at for its
  /// stability only then: what is unstable never suppresses another, so the order does not matter.
  private func suppress(
    _ candidates: [Candidate], _ image: MedicalImage, _ key: String
  ) async throws -> [Candidate] {
    var kept: [Candidate] = []
    for var candidate in candidates {
      guard !kept.contains(where: { $0.mask.iou(candidate.mask) > options.overlap }) else {
        continue
      }
      if options.leastStability > 0 {
        let stability = try await stability(at: candidate.point, image, key)
        guard stability >= options.leastStability else { continue }
        candidate.stability = stability
      }
      kept.append(candidate)
    }
    return kept
  }

  /// The IoU of the masks at a lower and a higher threshold: how little the border hangs on it.
  private func stability(
    at point: (x: Int, y: Int), _ image: MedicalImage, _ key: String
  ) async throws -> Double {
    let logit = log(options.threshold / (1 - options.threshold))
    var masks: [PackedMask] = []
    for reach in [-options.stabilityReach, options.stabilityReach] {
      let threshold = 1 / (1 + exp(-(logit + reach)))
      let answer = try await ask([point], image, key, threshold: threshold)[0]
      masks.append(PackedMask(answer.mask ?? BinaryMask(width: image.width, height: image.height)))
    }
    return masks[0].iou(masks[1])
  }

  /// Regions of one name that overlap are one object, found in parts.
  private func merged(_ candidates: [Candidate]) -> [EverythingRegion] {
    var groups: [[Int]] = []
    for n in candidates.indices {
      var mine = [n]
      // A region may join groups that were apart.
      groups.removeAll { group in
        guard group.contains(where: { areOne(candidates[$0], candidates[n]) }) else { return false }
        mine = group + mine
        return true
      }
      groups.append(mine.sorted())
    }
    return groups.sorted { $0[0] < $1[0] }.map { group in
      let best = candidates[group[0]]
      var mask = best.mask.mask
      for n in group.dropFirst() { mask.formUnion(candidates[n].mask.mask) }
      let category = best.result.category
      let chances = group.compactMap { n in
        candidates[n].result.candidates.first { $0.category == category }?.probability
      }
      return EverythingRegion(
        mask: mask, category: category, probability: chances.max() ?? 0,
        candidates: best.result.candidates, score: best.result.score, stability: best.stability,
        points: group.map { candidates[$0].point })
    }
  }

  private func areOne(_ a: Candidate, _ b: Candidate) -> Bool {
    guard let name = a.result.category, name == b.result.category else { return false }
    let least = Double(min(a.mask.count, b.mask.count))
    let shared = a.mask.shared(b.mask)
    return shared > 0 && Double(shared) >= options.mergeOverlap * least
  }
}
