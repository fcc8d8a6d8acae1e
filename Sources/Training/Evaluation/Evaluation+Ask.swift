import Imaging
import SegSAM
import Vocabulary

/// What one object was answered with, and what that is worth.
struct ObjectAnswer {
  var score = QueryScore()
  /// What is measured: M_b, or with the oracle the nearest candidate; of several regions the union.
  /// Nil where nothing was asked.
  var mask: BinaryMask?
}

extension Evaluation {
  var options: SegmentOptions {
    var options = SegmentOptions(
      threshold: threshold, presenceThreshold: presenceThreshold,
      wantsSemanticMask: prompt == .text, wantsProbabilities: false,
      wantsAlternatives: measuresOracle)
    options.volume = volume
    return options
  }

  /// Asks for everything by name in a whole volume, as a user would, so that slices count with their
  /// neighbours; nil for a picture, for other prompts, and where slices are left out.
  func askWhole(
    _ each: EvaluationCase, engine: any SegmentationEngine
  ) async throws -> SegmentationResult? {
    guard each.sliceCount > 1, stride == 1, prompt == .text, !each.categories.isEmpty else {
      return nil
    }
    return try await engine.segment(
      each.viewed, imageKey: "\(each.set.name)/\(each.file.image)",
      queries: each.categories.map { Query(.category($0)) }, options: options, progress: nil)
  }

  /// Asks for everything that was looked for in an image.
  ///
  /// - Parameter known: what the engine has answered already, of the same queries by text.
  /// - Returns: one for each of the slice's categories.
  func ask(
    _ slice: EvaluationSlice, engine: any SegmentationEngine, known: SegmentationResult? = nil
  ) async throws -> [ObjectAnswer] {
    var answers = [ObjectAnswer](repeating: ObjectAnswer(), count: slice.categories.count)
    var prompts = zip(slice.categories, slice.truths).map { category, truth in
      prompt(for: category, truth: truth, key: "\(slice.key) \(category)")
    }
    guard prompts.contains(where: { !$0.queries.isEmpty }) else { return answers }
    for round in 0..<(prompt == .points ? max(1, clicks) : 1) {
      if round > 0 {
        for n in prompts.indices where !prompts[n].queries.isEmpty {
          if let click = SimulatedClick.next(in: slice.truths[n], after: answers[n].mask) {
            prompts[n].queries[0].clicks.append(click)
          }
        }
      }
      let result: SegmentationResult
      if let known {
        result = known
      } else {
        result = try await ask(slice, prompts.flatMap(\.queries), engine: engine)
      }
      var next = 0
      for n in prompts.indices where !prompts[n].queries.isEmpty {
        let count = prompts[n].queries.count
        guard next + count <= result.queries.count else { break }
        try take(
          Array(result.queries[next..<next + count]), to: prompts[n], truth: slice.truths[n],
          into: &answers[n])
        next += count
        guard slice.truths[n].count >= Self.leastPixels else { continue }
        answers[n].score.semanticDice = try semanticDice(result, slice, n)
      }
    }
    for n in answers.indices where slice.truths[n].count >= Self.leastPixels {
      guard let mask = answers[n].mask else { continue }
      answers[n].score.surface = try SurfaceDistance(
        mask, slice.truths[n], spacing: slice.image.affine.spacing)
    }
    return answers
  }

  /// A place in a volume's slice is asked for among the slices around it, which are seen with it.
  private func ask(
    _ slice: EvaluationSlice, _ queries: [Query], engine: any SegmentationEngine
  ) async throws -> SegmentationResult {
    guard prompt != .text, let slab = slice.slab else {
      return try await engine.segment(
        slice.image, imageKey: slice.key, queries: queries, options: options, progress: nil)
    }
    let result = try await engine.segment(
      slab.image, imageKey: "\(slice.key) among others",
      queries: queries.map { $0.lifted(to: slab.level) }, options: options, progress: nil)
    return result.slice(slab.level)
  }

  private func take(
    _ results: [QueryResult], to prompt: ObjectPrompt, truth: BinaryMask,
    into answer: inout ObjectAnswer
  ) throws {
    answer.score.presence = results.map(\.presence).max()
    answer.score.evidence = results.count == 1 ? results[0].evidence : nil
    answer.mask = nil
    for (result, target) in zip(results, prompt.targets) {
      guard let mask = try measured(result, near: target) else { continue }
      answer.mask?.formUnion(mask)
      answer.mask = answer.mask ?? mask
    }
    guard let mask = answer.mask else { return }
    let overlap = try Overlap(mask, truth)
    answer.score.binary = overlap
    if self.prompt == .points { answer.score.rounds.append(overlap.dice) }
  }

  /// The model's own choice, or with the oracle the nearest of all that it drew.
  private func measured(_ result: QueryResult, near target: BinaryMask) throws -> BinaryMask? {
    guard let own = result.mask, measuresOracle else { return result.mask }
    var best = (mask: own, dice: try Overlap(own, target).dice)
    for other in result.alternatives {
      let dice = try Overlap(other, target).dice
      if dice > best.dice { best = (other, dice) }
    }
    return best.mask
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
}

extension Query {
  /// The same on one slice of a volume.
  func lifted(to slice: Int) -> Query {
    var query = self
    let z = Double(slice)
    query.box = box.map {
      Box([$0.bounds[0], $0.bounds[1], z, $0.bounds[2], $0.bounds[3], z + 1])
    }
    query.clicks = clicks.map { Click(at: $0.at + [z], isPositive: $0.isPositive) }
    return query
  }
}

extension SegmentationResult {
  /// What was answered of one axial slice of a volume in the radiological view.
  func slice(_ k: Int) -> SegmentationResult {
    var one = self
    one.semanticMask = semanticMask?.slice(k)
    for n in queries.indices {
      one.queries[n].mask = queries[n].mask?.slice(k)
      one.queries[n].alternatives = queries[n].alternatives.compactMap { $0.slice(k) }
      guard k < queries[n].slicePresence.count else { continue }
      one.queries[n].presence = queries[n].slicePresence[k]
    }
    return one
  }
}
