import Imaging
import Vocabulary

import struct Foundation.Date

/// One request on its way through a network in Segment Anything's layout, slice by slice in the
/// radiological view, given back in the image's grid.
struct SAMSegmentation {
  /// What the decoder is asked of one object.
  private struct Run {
    /// The query's own box and clicks.
    var place: QueryRun
    /// Instead of them: where the detector saw it, in the view.
    var detected: BinaryMask?

    /// - Parameter maskSide: of the prompt encoder's masks.
    func prompt(on slice: Int, geometry: SliceGeometry, maskSide: Int) -> SAMPrompt? {
      if let detected {
        return Detection.box(of: detected, slice: slice).map {
          SAMPrompt(box: $0, clicks: [], geometry: geometry)
        }
      }
      let clicks = place.clicks(on: slice)
      let shape = place.prior?.box(on: slice)
      guard place.mayReach(slice), place.lower != nil || !clicks.isEmpty || shape != nil else {
        return nil
      }
      var box = place.lower.flatMap { lower in
        place.upper.map { (x0: lower[0], y0: lower[1], x1: $0[0], y1: $0[1]) }
      }
      if box == nil, place.prior?.givesBox == true { box = shape }
      return SAMPrompt(
        box: box, clicks: clicks, geometry: geometry, mask: place.prior?.logits(on: slice),
        maskSide: maskSide)
    }
  }

  let predictor: SAMPredictor
  let image: MedicalImage
  let key: String
  let queries: [Query]
  let options: SegmentOptions
  /// What the detector said; nil where there is none.
  let found: SegmentationResult?
  let promptedBy: String?
  private let view: AxialView
  private let viewed: MedicalImage
  private let runs: [Run]
  /// Of each query: its runs.
  private let members: [[Int]]

  init(
    predictor: SAMPredictor, image: MedicalImage, key: String, queries: [Query],
    options: SegmentOptions, detection: Detection, found: SegmentationResult?, promptedBy: String?
  ) throws {
    self.predictor = predictor
    self.image = image
    self.key = key
    self.queries = queries
    self.options = options
    self.found = found
    self.promptedBy = promptedBy
    view = AxialView(image)
    viewed = try view.view(image)
    var runs: [Run] = []
    var members: [[Int]] = []
    for (n, query) in queries.enumerated() {
      let first = runs.count
      let place = try QueryRun.placed(
        query, room: SAMPrompt.clickRoom, image: image, view: view)
      if query.hasPlace {
        runs.append(Run(place: place))
      } else {
        for piece in detection.pieces[n] {
          guard let answer = found?.queries[piece], answer.isPresent, let mask = answer.mask else {
            continue
          }
          runs.append(Run(place: place, detected: try view.view(mask)))
        }
      }
      members.append(Array(first..<runs.count))
    }
    self.runs = runs
    self.members = members
  }

  func run(
    stop: StopFlag, progress: (@Sendable (Int, Int) -> Void)?
  ) throws -> SegmentationResult {
    let c = predictor.configuration
    let geometry = try SliceGeometry(viewed, side: c.imageSize, isStretched: c.isStretched)
    var results = runs.map { run in
      RunResult(
        view: view,
        keepsAlternatives: options.wantsAlternatives && run.place.isAmbiguous
          && run.detected == nil)
    }
    var semantic = SemanticMask(
      view: view, labels: found?.labels ?? named(), vocabulary: predictor.vocabulary)
    var (encoding, seconds) = (0.0, 0.0)
    let total = view.sliceCount
    for k in 0..<total {
      try stop.check()
      let began = Date()
      if let slices = options.slices, !slices.contains(k) { continue }
      let asked = runs.indices.compactMap { n in
        runs[n].prompt(on: k, geometry: geometry, maskSide: c.maskSide)
          .map { (run: n, prompt: $0) }
      }
      semantic.begin()
      if !asked.isEmpty {
        let features = try predictor.features(viewed, slice: k, key: key)
        encoding += Date().timeIntervalSince(began)
        for (n, prompt) in asked {
          try stop.check()
          let decoded = try predictor.decode(features, [prompt])[0]
          _ = results[n].take(
            decoded, chance: 1, run: runs[n].place, slice: k, geometry: geometry, isPresent: true,
            maskThreshold: options.threshold, keepsMask: options.wantsBinaryMasks, prior: nil)
          if found == nil, options.wantsSemanticMask, let category = category(ofRun: n) {
            semantic.offer(decoded.mask, category: category, geometry: geometry)
          }
        }
      }
      semantic.end(slice: k)
      seconds += Date().timeIntervalSince(began)
      progress?(found == nil ? k + 1 : total + k + 1, found == nil ? total : 2 * total)
    }
    var timing = found?.timing ?? [:]
    timing["image_encoder", default: 0] += encoding * 1000
    timing["decoders", default: 0] += (seconds - encoding) * 1000
    var map = options.wantsSemanticMask ? try view.restore(semantic.map) : nil
    if let found { map = found.semanticMask }
    return SegmentationResult(
      queries: try queries.indices.map { try answer($0, results) }, semanticMask: map,
      labels: semantic.labels, probabilities: found?.probabilities ?? [:], timing: timing)
  }

  /// Concrete categories in the order of first mention.
  private func named() -> [String] {
    var labels: [String] = []
    for n in queries.indices {
      if let id = concrete(queries[n]), !labels.contains(id) { labels.append(id) }
    }
    return labels
  }

  private func concrete(_ query: Query) -> String? {
    guard case .category(let id) = query.subject, !predictor.vocabulary.isComposite(id) else {
      return nil
    }
    return id
  }

  private func category(ofRun run: Int) -> String? {
    members.firstIndex { $0.contains(run) }.flatMap { concrete(queries[$0]) }
  }

  private func answer(_ index: Int, _ results: [RunResult]) throws -> QueryResult {
    let mine = members[index].map { results[$0] }
    var result =
      found?.queries[index]
      ?? QueryResult(category: nil, isPresent: true, presence: 1, score: 0, mask: nil)
    if found == nil, case .category(let id) = queries[index].subject { result.category = id }
    if queries[index].hasPlace {
      // Who draws a box or clicks says that something is there.
      result.isPresent = mine.contains(where: \.isPresent)
    } else {
      result.promptedBy = members[index].isEmpty ? nil : promptedBy
    }
    let seen = mine.filter(\.isPresent)
    result.score = seen.isEmpty ? 0 : seen.map(\.score).reduce(0, +) / Double(seen.count)
    result.mask = nil
    if options.wantsBinaryMasks {
      var union = BinaryMask(width: view.size[0], height: view.size[1], depth: view.size[2])
      for each in seen { union.formUnion(each.mask) }
      result.mask = try view.restore(union)
    }
    if mine.count == 1, mine[0].isPresent {
      result.alternatives = try mine[0].alternatives.map { try view.restore($0) }
      result.alternativeScores = mine[0].alternativeScores
    }
    return result
  }
}
