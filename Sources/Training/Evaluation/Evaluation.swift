public import Foundation
public import Imaging
public import SegSAM
public import Vocabulary

/// How each object is asked for.
public enum EvaluationPrompt: String, Sendable, Codable, CaseIterable {
  /// By name, all annotated categories of an image in one request.
  case text
  /// By its box alone (MedSAM's way).
  case box
  /// By name and box.
  case textAndBox = "text+box"
  /// By clicks alone: the first at the point deepest inside it, each further one at the point deepest
  /// inside what is wrong so far (the protocol of arXiv 2304.10517).
  case points
}

/// Measures what the predictor answers on a split of a corpus, at the images' own size.
public struct Evaluation {
  public var corpus: Corpus
  public var split: Split
  public var prompt: EvaluationPrompt
  public var vocabulary: Vocabulary
  /// Evaluates every n-th slice of a volume, from the middle of the first n on; 1: all.
  public var stride = 1
  /// Each side of a box is off by a whole number of pixels up to this, drawn for each object.
  public var boxJitter = 0
  /// Clicks on each object, for `points`.
  public var clicks = 1
  /// Told how far it is: cases done, cases in all.
  public var progress: (Int, Int) -> Void = { _, _ in }
  /// The least number of pixels that an object must show.
  public static let leastPixels = 10
  /// Of the normalised surface distance, in millimetres; in pictures without a size, pixels.
  public static let surfaceTolerance = 2.0

  public init(corpus: Corpus, split: Split, prompt: EvaluationPrompt, vocabulary: Vocabulary) {
    self.corpus = corpus
    self.split = split
    self.prompt = prompt
    self.vocabulary = vocabulary
  }

  public func run(_ engine: any SegmentationEngine) async throws -> EvaluationReport {
    let began = Date()
    var tallies: [String: Tally] = [:]
    let total = corpus.dataSets.reduce(0) { $0 + $1.cases.count { $0.split == split } }
    var done = 0
    for set in corpus.dataSets {
      for each in set.cases where each.split == split {
        try await measure(each, of: set, engine: engine, into: &tallies)
        done += 1
        progress(done, total)
      }
    }
    return EvaluationReport(
      tallies: Array(tallies.values), model: engine.model.name, version: engine.model.version,
      split: split.rawValue, prompts: prompt.rawValue, stride: stride,
      tolerance: Self.surfaceTolerance, seconds: Date().timeIntervalSince(began))
  }

  private func measure(
    _ each: Corpus.Case, of set: Corpus.DataSet, engine: any SegmentationEngine,
    into tallies: inout [String: Tally]
  ) async throws {
    let image = try ImageFile.read(
      path: set.folder.appendingPathComponent(each.image).path,
      modality: Modality(rawValue: set.modality))
    let map = try set.readLabels(of: each)
    let view = AxialView(image)
    let (viewed, labels) = (try view.view(image), try view.view(map))
    let categories = set.labels.sorted { $0.key < $1.key }.map(\.value)
      .filter { each.annotated.contains($0) && vocabulary[$0] != nil }
    // Of each category, summed over slices: voxels in both masks, in the answer, in the truth.
    var whole = [(shared: Int, answered: Int, drawn: Int)](
      repeating: (0, 0, 0), count: categories.count)
    func add(_ n: Int, _ change: (inout Tally) -> Void) {
      let key = "\(set.name) \(categories[n])"
      var tally =
        tallies[key]
        ?? Tally(dataSet: set.name, category: categories[n], modality: set.modality)
      change(&tally)
      tallies[key] = tally
    }
    for k in 0..<view.sliceCount where view.sliceCount == 1 || k % stride == stride / 2 {
      guard let slice = viewed.slice(k), let truth = labels.slice(k) else { continue }
      let key = "\(set.name)/\(each.image)#\(k)"
      let masks = categories.map { category in
        let values = set.values(of: category)
        return BinaryMask(
          width: truth.width, height: truth.height,
          voxels: truth.labels.map { values.contains($0) ? 1 : 0 })
      }
      let scores = try await ask(
        slice, key: key, categories: categories, masks: masks, set: set, engine: engine)
      for n in categories.indices {
        add(n) {
          $0.add(
            scores[n], pixels: masks[n].count, patient: each.patient,
            tolerance: Self.surfaceTolerance)
        }
        guard let overlap = scores[n].binary else { continue }
        whole[n].shared += overlap.shared
        whole[n].answered += overlap.first
        whole[n].drawn += overlap.second
      }
    }
    guard view.sliceCount > 1, stride == 1, prompt == .text else { return }
    for n in categories.indices where whole[n].drawn > 0 {
      let sizes = whole[n].answered + whole[n].drawn
      add(n) { $0.add(volumeDice: 2 * Double(whole[n].shared) / Double(sizes)) }
    }
  }

  private func ask(
    _ slice: MedicalImage, key: String, categories: [String], masks: [BinaryMask],
    set: Corpus.DataSet, engine: any SegmentationEngine
  ) async throws -> [QueryScore] {
    var scores = [QueryScore](repeating: QueryScore(), count: categories.count)
    var queries: [Query] = []
    var asked: [Int] = []
    for (n, category) in categories.enumerated() {
      switch prompt {
      case .text: queries.append(Query(.category(category)))
      case .box, .textAndBox:
        guard let box = box(of: masks[n], key: "\(key) \(category)") else { continue }
        queries.append(Query(prompt == .box ? .unnamed : .category(category), box: box))
      case .points:
        guard let click = SimulatedClick.next(in: masks[n], after: nil) else { continue }
        queries.append(Query(.unnamed, clicks: [click]))
      }
      asked.append(n)
    }
    guard !queries.isEmpty else { return scores }
    let options = SegmentOptions(wantsSemanticMask: prompt == .text, wantsProbabilities: false)
    var result = try await engine.segment(
      slice, imageKey: key, queries: queries, options: options, progress: nil)
    func note() throws {
      for (n, answer) in zip(asked, result.queries) {
        guard let mask = answer.mask else { continue }
        scores[n].binary = try Overlap(mask, masks[n])
        if prompt == .points, let dice = scores[n].binary?.dice { scores[n].rounds.append(dice) }
      }
    }
    try note()
    for _ in 1..<max(1, clicks) where prompt == .points {
      for (q, n) in asked.enumerated() {
        if let click = SimulatedClick.next(in: masks[n], after: result.queries[q].mask) {
          queries[q].clicks.append(click)
        }
      }
      result = try await engine.segment(
        slice, imageKey: key, queries: queries, options: options, progress: nil)
      try note()
    }
    for (n, answer) in zip(asked, result.queries) {
      scores[n].presence = answer.presence
      guard masks[n].count >= Self.leastPixels else { continue }
      if let mask = answer.mask {
        scores[n].surface = try SurfaceDistance(mask, masks[n], spacing: slice.affine.spacing)
      }
      if let semantic = result.semanticMask {
        let own = Set(
          ([categories[n]] + (set.contains[categories[n]] ?? []))
            .flatMap { vocabulary.parts(of: $0) })
        let values = Set(
          result.labels.enumerated().filter { own.contains($0.element) }.map {
            UInt16($0.offset + 1)
          })
        let mine = BinaryMask(
          width: semantic.width, height: semantic.height,
          voxels: semantic.labels.map { values.contains($0) ? 1 : 0 })
        scores[n].semanticDice = try Overlap(mine, masks[n]).dice
      }
    }
    return scores
  }

  /// The tight box, each side moved by up to `boxJitter` pixels, within the image and never empty.
  private func box(of mask: BinaryMask, key: String) -> Box? {
    guard let tight = mask.boundingBox?.bounds(isVolume: false) else { return nil }
    guard boxJitter > 0 else { return Box(tight.map(Double.init)) }
    // The same object gets the same box in every run.
    var seed: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in key.utf8 { seed = (seed ^ UInt64(byte)) &* 0x100_0000_01b3 }
    var random = SeededRandom(seed: seed)
    let extents = [mask.width, mask.height]
    let moved = tight.enumerated().map { n, side in
      let off = random.below(2 * boxJitter + 1) - boxJitter
      return min(max(side + off, 0), extents[n % 2])
    }
    guard moved[0] < moved[2], moved[1] < moved[3] else { return Box(tight.map(Double.init)) }
    return Box(moved.map(Double.init))
  }
}

/// Where somebody who knows the truth would click next.
enum SimulatedClick {
  /// The voxel deepest inside the object, or after an answer deepest inside what is wrong in it: on
  /// the object if the object is there, else off it. Nil where nothing is wrong.
  static func next(in truth: BinaryMask, after answer: BinaryMask?) -> Click? {
    var wrong = truth
    if let answer {
      for n in wrong.voxels.indices where n < answer.voxels.count {
        wrong.voxels[n] = (truth.voxels[n] != 0) == (answer.voxels[n] != 0) ? 0 : 1
      }
    }
    guard let spot = wrong.deepestVoxel() else { return nil }
    return Click(
      at: [Double(spot.i), Double(spot.j)],
      isPositive: truth.voxels[spot.j * truth.width + spot.i] != 0)
  }
}
