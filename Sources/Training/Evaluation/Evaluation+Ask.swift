import Imaging
import SegSAM
import Vocabulary

/// What one object was answered with, and what that is worth.
struct ObjectAnswer {
  var score = QueryScore()
  /// M_b; nil where nothing was asked.
  var mask: BinaryMask?
}

extension Evaluation {
  /// Asks for everything that was looked for in an image.
  ///
  /// - Returns: one for each of the slice's categories.
  func ask(
    _ slice: EvaluationSlice, engine: any SegmentationEngine
  ) async throws -> [ObjectAnswer] {
    var answers = [ObjectAnswer](repeating: ObjectAnswer(), count: slice.categories.count)
    var queries: [Query] = []
    var asked: [Int] = []
    for (n, category) in slice.categories.enumerated() {
      switch prompt {
      case .text: queries.append(Query(.category(category)))
      case .box, .textAndBox:
        guard let box = box(of: slice.truths[n], key: "\(slice.key) \(category)") else { continue }
        queries.append(Query(prompt == .box ? .unnamed : .category(category), box: box))
      case .points:
        guard let click = SimulatedClick.next(in: slice.truths[n], after: nil) else { continue }
        queries.append(Query(.unnamed, clicks: [click]))
      }
      asked.append(n)
    }
    guard !queries.isEmpty else { return answers }
    let options = SegmentOptions(wantsSemanticMask: prompt == .text, wantsProbabilities: false)
    var result = try await engine.segment(
      slice.image, imageKey: slice.key, queries: queries, options: options, progress: nil)
    func note() throws {
      for (n, answer) in zip(asked, result.queries) {
        answers[n].mask = answer.mask
        guard let mask = answer.mask else { continue }
        answers[n].score.binary = try Overlap(mask, slice.truths[n])
        guard prompt == .points, let dice = answers[n].score.binary?.dice else { continue }
        answers[n].score.rounds.append(dice)
      }
    }
    try note()
    for _ in 1..<max(1, clicks) where prompt == .points {
      for (q, n) in asked.enumerated() {
        if let click = SimulatedClick.next(in: slice.truths[n], after: result.queries[q].mask) {
          queries[q].clicks.append(click)
        }
      }
      result = try await engine.segment(
        slice.image, imageKey: slice.key, queries: queries, options: options, progress: nil)
      try note()
    }
    for (n, answer) in zip(asked, result.queries) {
      answers[n].score.presence = answer.presence
      let truth = slice.truths[n]
      guard truth.count >= Self.leastPixels else { continue }
      if let mask = answers[n].mask {
        answers[n].score.surface = try SurfaceDistance(
          mask, truth, spacing: slice.image.affine.spacing)
      }
      answers[n].score.semanticDice = try semanticDice(result, slice, n)
    }
    return answers
  }

  /// DSC of the part of M_s that is the category's, with what is drawn inside it.
  private func semanticDice(
    _ result: SegmentationResult, _ slice: EvaluationSlice, _ n: Int
  ) throws -> Double? {
    guard let semantic = result.semanticMask else { return nil }
    let category = slice.categories[n]
    let own = Set(
      ([category] + (slice.set.contains[category] ?? [])).flatMap { vocabulary.parts(of: $0) })
    let values = Set(
      result.labels.enumerated().filter { own.contains($0.element) }.map {
        UInt16($0.offset + 1)
      })
    let mine = BinaryMask(
      width: semantic.width, height: semantic.height,
      voxels: semantic.labels.map { values.contains($0) ? 1 : 0 })
    return try Overlap(mine, slice.truths[n]).dice
  }

  /// The tight box, each side moved by up to `boxJitter` pixels, within the image and never empty.
  private func box(of mask: BinaryMask, key: String) -> Box? {
    guard let tight = mask.boundingBox?.bounds(isVolume: false) else { return nil }
    guard boxJitter > 0 else { return Box(tight.map(Double.init)) }
    // The same object gets the same box in every run.
    var random = SeededRandom(for: key)
    let extents = [mask.width, mask.height]
    let moved = tight.enumerated().map { n, side in
      let off = random.below(2 * boxJitter + 1) - boxJitter
      return min(max(side + off, 0), extents[n % 2])
    }
    guard moved[0] < moved[2], moved[1] < moved[3] else { return Box(tight.map(Double.init)) }
    return Box(moved.map(Double.init))
  }
}
