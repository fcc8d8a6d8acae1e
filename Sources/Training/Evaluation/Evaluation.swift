public import Foundation
public import Imaging
public import SegSAM
public import Vocabulary

/// How each object is asked for.
public enum EvaluationPrompt: String, Sendable, Codable, CaseIterable {
  /// By name, all annotated categories of an image in one request.
  case text
  /// By its tight box alone (MedSAM's way).
  case box
  /// By one click alone, at the point deepest inside it.
  case points
}

/// What was measured for one pair of data set and category.
public struct PairMeasure: Sendable, Codable, Hashable {
  public var dataSet: String, category: String, modality: String
  /// Images (in volumes: axial slices) that show at least 10 pixels.
  public var n: Int
  /// Means over those; of M_s nil where it was not asked for.
  public var binaryDice: Double?, semanticDice: Double?
  /// Of presence; nil without images of both kinds.
  public var auroc: Double?
  /// Images that show it, and images where it was looked for and is not drawn.
  public var positives: Int, negatives: Int
  public var patients: Int
}

/// The whole evaluation.
public struct EvaluationReport: Sendable, Codable {
  public var model: String, version: String, split: String, prompts: String
  public var pairs: [PairMeasure]
  /// Means over the pairs that have a value.
  public var meanBinaryDice: Double?, meanSemanticDice: Double?
  /// Over pairs with at least five positives and five negatives.
  public var meanAUROC: Double?
  public var pairsWithAUROC: Int
  public var seconds: Double
  /// Presence under which each category is best called absent, where there was enough to fit it.
  public var fittedThresholds: [String: Double]
}

/// Measures what the predictor answers on a split of a corpus, at the images' own size.
public struct Evaluation {
  public var corpus: Corpus
  public var split: Split
  public var prompt: EvaluationPrompt
  public var vocabulary: Vocabulary
  /// Evaluates every n-th slice of a volume, from the middle of the first n on; 1: all.
  public var stride = 1
  /// Told how far it is: cases done, cases in all.
  public var progress: (Int, Int) -> Void = { _, _ in }
  /// The least number of pixels that an object must show.
  public static let leastPixels = 10

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
    let pairs = tallies.values.map(\.measure).sorted {
      ($0.dataSet, $0.category) < ($1.dataSet, $1.category)
    }
    func mean(_ values: [Double]) -> Double? {
      values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
    }
    let ranked = pairs.filter { $0.positives >= 5 && $0.negatives >= 5 }.compactMap(\.auroc)
    return EvaluationReport(
      model: engine.model.name, version: engine.model.version, split: split.rawValue,
      prompts: prompt.rawValue, pairs: pairs, meanBinaryDice: mean(pairs.compactMap(\.binaryDice)),
      meanSemanticDice: mean(pairs.compactMap(\.semanticDice)), meanAUROC: mean(ranked),
      pairsWithAUROC: ranked.count, seconds: Date().timeIntervalSince(began),
      fittedThresholds: PresenceCalibration.thresholds(Array(tallies.values)))
  }

  private func measure(
    _ each: Corpus.Case, of set: Corpus.DataSet, engine: any SegmentationEngine,
    into tallies: inout [String: Tally]
  ) async throws {
    let image = try ImageFile.read(
      path: set.folder.appendingPathComponent(each.image).path,
      modality: Modality(rawValue: set.modality))
    let map = try ImageFile.readLabels(path: set.folder.appendingPathComponent(each.mask).path)
    let view = AxialView(image)
    let (viewed, labels) = (try view.view(image), try view.view(map))
    let categories = set.labels.sorted { $0.key < $1.key }.map(\.value)
      .filter { each.annotated.contains($0) && vocabulary[$0] != nil }
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
      for (n, category) in categories.enumerated() {
        let pixels = masks[n].count
        var tally =
          tallies["\(set.name) \(category)"]
          ?? Tally(dataSet: set.name, category: category, modality: set.modality)
        tally.add(scores[n], pixels: pixels, patient: each.patient)
        tallies["\(set.name) \(category)"] = tally
      }
    }
  }

  /// One image's answers; nil where nothing was asked.
  struct Score {
    var binary: Double?, semantic: Double?, presence: Double?
  }

  private func ask(
    _ slice: MedicalImage, key: String, categories: [String], masks: [BinaryMask],
    set: Corpus.DataSet, engine: any SegmentationEngine
  ) async throws -> [Score] {
    var scores = [Score](repeating: Score(), count: categories.count)
    var queries: [Query] = []
    var asked: [Int] = []
    for (n, category) in categories.enumerated() {
      switch prompt {
      case .text: queries.append(Query(.category(category)))
      case .box:
        guard let box = masks[n].boundingBox else { continue }
        queries.append(Query(.unnamed, box: Box(box.bounds(isVolume: false).map(Double.init))))
      case .points:
        guard let spot = masks[n].deepestVoxel() else { continue }
        let click = Click(at: [Double(spot.i), Double(spot.j)], isPositive: true)
        queries.append(Query(.unnamed, clicks: [click]))
      }
      asked.append(n)
    }
    guard !queries.isEmpty else { return scores }
    let result = try await engine.segment(
      slice, imageKey: key, queries: queries,
      options: SegmentOptions(
        wantsSemanticMask: prompt == .text, wantsProbabilities: false), progress: nil)
    for (n, answer) in zip(asked, result.queries) {
      scores[n].presence = answer.presence
      guard masks[n].count >= Self.leastPixels else { continue }
      if let mask = answer.mask { scores[n].binary = try Overlap(mask, masks[n]).dice }
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
        scores[n].semantic = try Overlap(mine, masks[n]).dice
      }
    }
    return scores
  }
}

/// Sums for one pair.
struct Tally {
  let dataSet: String, category: String, modality: String
  var binary: [Double] = [], semantic: [Double] = []
  var positives: [Double] = [], negatives: [Double] = []
  var patients: Set<String> = []

  init(dataSet: String, category: String, modality: String) {
    self.dataSet = dataSet
    self.category = category
    self.modality = modality
  }

  mutating func add(_ score: Evaluation.Score, pixels: Int, patient: String) {
    if let value = score.binary { binary.append(value) }
    if let value = score.semantic { semantic.append(value) }
    patients.insert(patient)
    guard let presence = score.presence else { return }
    // A trace under the limit is neither.
    if pixels >= Evaluation.leastPixels {
      positives.append(presence)
    } else if pixels == 0 {
      negatives.append(presence)
    }
  }

  var measure: PairMeasure {
    func mean(_ values: [Double]) -> Double? {
      values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
    }
    return PairMeasure(
      dataSet: dataSet, category: category, modality: modality, n: binary.count,
      binaryDice: mean(binary), semanticDice: mean(semantic),
      auroc: Ranking.auroc(positives: positives, negatives: negatives),
      positives: positives.count, negatives: negatives.count, patients: patients.count)
  }
}

/// Fits, on `val`, the presence under which a category is called absent.
enum PresenceCalibration {
  /// The largest threshold that keeps 97 of 100 images that show the category, at most 0.5: an empty
  /// mask where the object is costs more than a mask where it is not. Categories with fewer than
  /// five images of either kind are left out.
  static func thresholds(_ tallies: [Tally]) -> [String: Double] {
    var positives: [String: [Double]] = [:]
    var negatives: [String: Int] = [:]
    for tally in tallies {
      positives[tally.category, default: []] += tally.positives
      negatives[tally.category, default: 0] += tally.negatives.count
    }
    var fitted: [String: Double] = [:]
    for (category, scores) in positives where scores.count >= 5 && negatives[category] ?? 0 >= 5 {
      let low = scores.sorted()[Int(Double(scores.count) * 0.03)]
      fitted[category] = (min(0.5, low * 0.999) * 1000).rounded(.down) / 1000
    }
    return fitted
  }
}
