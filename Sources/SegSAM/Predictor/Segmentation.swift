package import Imaging
import Vocabulary

import struct Foundation.Date
import func Foundation.exp

/// One request on its way through the network, slice by slice.
///
/// A query on a composite becomes one run for each of its trained parts; the same part asked twice
/// runs once. Everything is computed in the radiological view and given back in the image's grid.
struct Segmentation {
  let predictor: Predictor
  let image: MedicalImage
  let key: String
  let queries: [Query]
  let options: SegmentOptions
  private let view: AxialView
  private let viewed: MedicalImage
  /// What is run: the distinct pairs of subject and place.
  private let runs: [QueryRun]
  /// Of each query: its runs.
  private let members: [[Int]]

  init(
    predictor: Predictor, image: MedicalImage, key: String, queries: [Query],
    options: SegmentOptions
  ) throws {
    self.predictor = predictor
    self.image = image
    self.key = key
    self.queries = queries
    self.options = options
    view = AxialView(image)
    viewed = try view.view(image)
    var runs: [QueryRun] = []
    var members: [[Int]] = []
    for query in queries {
      var mine: [Int] = []
      for run in try QueryRun.runs(for: query, predictor: predictor, image: image, view: view) {
        if let known = runs.firstIndex(of: run) {
          mine.append(known)
        } else {
          mine.append(runs.count)
          runs.append(run)
        }
      }
      members.append(mine)
    }
    self.runs = runs
    self.members = members
  }

  func run(
    stop: StopFlag, progress: (@Sendable (Int, Int) -> Void)?
  ) throws -> SegmentationResult {
    var found = Found(
      runs: runs.map { _ in
        RunResult(view: view, keepsAlternatives: options.wantsAlternatives)
      },
      semantic: SemanticMask(
        view: view, labels: predictor.vocabulary.labels(of: queries),
        vocabulary: predictor.vocabulary))
    var chances = [Float](repeating: 0, count: predictor.manifest.categories.count)
    let geometry = try SliceGeometry(viewed, side: predictor.manifest.network.imageSize)
    let spacing = viewed.hasSpacing ? viewed.affine.spacing[2] : nil
    var presence = SlicePresence(spacing: spacing, slices: view.sliceCount, runs: runs.count)
    let smoothing = MaskSmoothing(reach: maskReach, spacing: spacing, slices: view.sliceCount)
    // Decoded, and waiting for what the slices above say, after those that masks still look back at.
    var waiting: [DecodedSlice] = []
    var next = 0
    // Of the image encoder, and of all together.
    var (encoding, seconds) = (0.0, 0.0)
    for k in 0..<view.sliceCount {
      try stop.check()
      let began = Date()
      let isSkipped = options.slices.map { !$0.contains(k) } ?? false
      let prompts = try runs.map {
        isSkipped ? nil : try $0.prompt(on: k, geometry: geometry, predictor: predictor)
      }
      var slice = DecodedSlice(index: k, answers: runs.map { _ in nil })
      // A box on some slices of a volume leaves the others alone.
      if options.wantsProbabilities && !isSkipped || prompts.contains(where: { $0 != nil }) {
        let start = Date()
        let features = try predictor.features(viewed, slice: k, key: key)
        encoding += Date().timeIntervalSince(start)
        for (n, logit) in features.classes.enumerated() {
          chances[n] = max(chances[n], sigmoid(logit))
        }
        var asked = runs.indices.compactMap { n in
          prompts[n].map { (run: n, prompt: $0, category: runs[n].category) }
        }[...]
        // Some at a time, so that a cancelled request ends soon and others' batches come between.
        while !asked.isEmpty {
          try stop.check()
          let some = asked.prefix(8)
          asked = asked.dropFirst(8)
          let decoded = try predictor.decode(
            features, some.map { (prompt: $0.prompt, category: $0.category) })
          for (each, var answer) in zip(some, decoded) {
            if !keepsCandidates(runs[each.run]) { answer.candidates = [] }
            slice.answers[each.run] = answer
            let said = evidence(answer, runs[each.run], features)
            presence.note(scaling.logit(said), run: each.run, slice: k)
            found.runs[each.run].evidence = said
          }
        }
      }
      waiting.append(slice)
      if k >= presence.radius { decide(k - presence.radius, &presence) }
      while next + smoothing.radius <= k, presence.isSettled(slice: next) {
        take(next, of: waiting, smoothing, presence, geometry, into: &found)
        next += 1
        waiting.removeAll { $0.index < next - smoothing.radius }
      }
      seconds += Date().timeIntervalSince(began)
      progress?(k + 1, view.sliceCount)
    }
    let began = Date()
    for k in max(0, view.sliceCount - presence.radius)..<view.sliceCount { decide(k, &presence) }
    presence.end()
    for slice in next..<view.sliceCount {
      take(slice, of: waiting, smoothing, presence, geometry, into: &found)
    }
    seconds += Date().timeIntervalSince(began)
    var probabilities: [String: Double] = [:]
    if options.wantsProbabilities {
      for (n, category) in predictor.manifest.categories.enumerated() {
        probabilities[category] = Double(chances[n])
      }
    }
    return SegmentationResult(
      queries: try queries.indices.map { try answer($0, found.runs) },
      semanticMask: options.wantsSemanticMask ? try view.restore(found.semantic.map) : nil,
      labels: found.semantic.labels, probabilities: probabilities,
      timing: ["image_encoder": encoding * 1000, "decoders": (seconds - encoding) * 1000])
  }

  /// What a slice's decoders gave, of each run; nil where nothing was asked.
  private struct DecodedSlice {
    var index: Int
    var answers: [DecodedQuery?]
  }

  /// What was found so far.
  private struct Found {
    var runs: [RunResult]
    var semantic: SemanticMask
  }

  private func evidence(
    _ decoded: DecodedQuery, _ run: QueryRun, _ features: SliceFeatures
  ) -> PresenceEvidence {
    let index = run.category.flatMap { predictor.classIndex[$0] }
    return PresenceEvidence(decoded, classLogit: index.map { features.classes[$0] })
  }

  /// Those of many slices may wait, and are the larger part of what was decoded.
  private func keepsCandidates(_ run: QueryRun) -> Bool {
    options.wantsAlternatives || run.isAmbiguous
  }

  private func decide(_ slice: Int, _ presence: inout SlicePresence) {
    for (n, run) in runs.enumerated() {
      let threshold = presenceThreshold(run)
      presence.decide(
        run: n, slice: slice,
        chance: presence.logit(run: n, slice: slice).map(scaling.chance),
        upper: threshold, lower: scaling.relaxed(threshold))
    }
  }

  private func take(
    _ index: Int, of slices: [DecodedSlice], _ smoothing: MaskSmoothing, _ presence: SlicePresence,
    _ geometry: SliceGeometry, into found: inout Found
  ) {
    guard let slice = slices.first(where: { $0.index == index }) else { return }
    found.semantic.begin()
    for (n, run) in runs.enumerated() {
      guard var decoded = slice.answers[n],
        let logit = presence.logit(run: n, slice: slice.index)
      else { continue }
      let isByName = run.hasText && !run.hasPlace
      if smoothing.radius > 0, isByName, presence.isPresent(run: n, slice: index) {
        decoded =
          smoothing.mean(
            of: slices.compactMap { each in each.answers[n].map { (each.index, $0) } }, at: index)
          ?? decoded
      }
      let prior = run.prior(
        on: slice.index, room: predictor.manifest.network.points - 2, width: view.size[0],
        height: view.size[1])
      // Segment Anything's answers stay as they are.
      let isSAM = predictor.manifest.network.sam != nil
      let fit = isSAM ? nil : BoxFit(run, width: view.size[0], height: view.size[1])
      let bias =
        isByName && view.sliceCount == 1 ? Float(predictor.manifest.maskBias ?? 0) : 0
      let isHere = found.runs[n].take(
        decoded, chance: scaling.chance(logit), run: run, slice: slice.index, geometry: geometry,
        isPresent: presence.isPresent(run: n, slice: slice.index), maskThreshold: options.threshold,
        keepsMask: options.wantsBinaryMasks, prior: prior, fit: fit, bias: bias,
        choosesOfThree: isSAM)
      if options.wantsSemanticMask, isHere, let category = run.category {
        found.semantic.offer(
          decoded.semantic, category: category, geometry: geometry, prior: prior, fit: fit,
          bias: bias)
      }
    }
    found.semantic.end(slice: slice.index)
  }

  /// Segment Anything's answers stay as they are.
  private var maskReach: Double {
    return predictor.manifest.network.sam == nil ? predictor.manifest.maskReach ?? 0 : 0
  }

  private var scaling: PresenceScaling { predictor.manifest.presenceScaling ?? PresenceScaling() }

  private func presenceThreshold(_ run: QueryRun) -> Double {
    if let given = options.presenceThreshold { return given }
    return run.category.flatMap { predictor.manifest.presenceThresholds[$0] }
      ?? predictor.usualThreshold
  }

  private func answer(_ index: Int, _ found: [RunResult]) throws -> QueryResult {
    let query = queries[index]
    let mine = members[index].map { found[$0] }
    let presence = mine.map(\.presence).max() ?? 0
    let isPresent = mine.contains(where: \.isPresent)
    var mask: BinaryMask?
    if options.wantsBinaryMasks {
      let parts = mine.filter(\.isPresent).map(\.mask)
      var union =
        parts.first
        ?? BinaryMask(width: view.size[0], height: view.size[1], depth: view.size[2])
      for part in parts.dropFirst() { union.formUnion(part) }
      mask = try view.restore(union)
    }
    let seen = mine.filter(\.isPresent)
    let scores = (seen.isEmpty ? mine : seen).map(\.score)
    let score = scores.isEmpty ? 0 : scores.reduce(0, +) / Double(scores.count)
    var result = QueryResult(
      category: nil, isPresent: isPresent, presence: presence, score: score, mask: mask)
    if view.sliceCount > 1 {
      result.slicePresence = (0..<view.sliceCount).map { k in
        mine.map { $0.slicePresence[k] }.max() ?? 0
      }
    }
    if mine.count == 1, mine[0].isPresent {
      result.alternatives = try mine[0].alternatives.map { try view.restore($0) }
      result.alternativeScores = mine[0].alternativeScores
    }
    if mine.count == 1, view.sliceCount == 1 { result.evidence = mine[0].evidence }
    switch query.subject {
    case .freeText: break
    case .unnamed:
      result.candidates = mine.first.map { names($0) } ?? []
      result.category = result.candidates.first?.category
    case .category(let id):
      result.category = id
      guard predictor.vocabulary.isComposite(id) else { break }
      result.parts = predictor.vocabulary.parts(of: id).map { part in
        let run = members[index].first { runs[$0].category == part }.map { found[$0] }
        return PartResult(
          category: part, isPresent: run?.isPresent ?? false, presence: run?.presence ?? 0)
      }
    }
    return result
  }

  private func names(_ result: RunResult) -> [(category: String, probability: Double)] {
    let logits = result.naming
    guard let most = logits.max() else { return [] }
    let powers = logits.map { exp($0 - most) }
    let total = powers.reduce(0, +)
    return zip(predictor.manifest.categories, powers)
      .map { ($0, Double($1 / total)) }
      .sorted { $0.1 > $1.1 }
      .prefix(5).map { (category: $0.0, probability: $0.1) }
  }
}

extension BinaryMask {
  /// Adds the voxels of a mask on the same grid.
  package mutating func formUnion(_ other: BinaryMask) {
    other.voxels.withUnsafeBufferPointer { theirs in
      voxels.withUnsafeMutableBufferPointer { mine in
        for i in 0..<min(mine.count, theirs.count) { mine[i] |= theirs[i] == 0 ? 0 : 1 }
      }
    }
  }
}
