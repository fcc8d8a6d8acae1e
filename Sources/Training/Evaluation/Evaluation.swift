import Foundation
import Imaging
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
  /// By clicks alone, as ``SimulatedClick`` makes them.
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
  /// Of the masks' probability, as requests have it.
  public var threshold = 0.5
  /// Each side of a box is off by a whole number of pixels up to this, drawn for each object.
  public var boxJitter = 0
  /// Rounds of clicks on each object, for `points`.
  public var clicks = 1
  /// Where boxes and first clicks are set; nil: of the whole object.
  public var mode: PromptMode?
  /// Of all masks that the decoder drew, the one nearest to the truth is measured; else the one with
  /// which the model answers.
  public var measuresOracle = false
  /// The least number of pixels of an object that is asked for by a box or clicks.
  public var leastPixels = Evaluation.leastPixels
  /// Whether only objects of one piece are asked for by a box or clicks.
  public var wantsSingle = false
  /// Above which presence something counts as there; nil: as the model's manifest has it.
  public var presenceThreshold: Double?
  /// How whole volumes are worked on; what answers slice by slice alone does not look at it.
  public var volume = VolumeOptions()
  /// Category → sentences by which somebody might ask for it, for `robustness`.
  public var paraphrases: [String: [String]] = [:]
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
    var sides = SideTally()
    try await eachCase {
      try await measure($0, engine: engine, into: &tallies, sides: &sides)
    }
    var report = EvaluationReport(
      tallies: Array(tallies.values), model: engine.model.name, version: engine.model.version,
      split: split.rawValue, prompts: prompt.rawValue, stride: stride,
      tolerance: Self.surfaceTolerance, seconds: Date().timeIntervalSince(began))
    (report.mode, report.isOracle, report.jitter) = (mode?.rawValue, measuresOracle, boxJitter)
    (report.leastPixels, report.isSingle) = (leastPixels, wantsSingle)
    report.sides = sides.measure
    return report
  }

  /// Decodes the split's cases, one after another.
  func eachCase(_ body: (EvaluationCase) async throws -> Void) async throws {
    let total = corpus.dataSets.reduce(0) { $0 + $1.cases.count { $0.split == split } }
    var done = 0
    for set in corpus.dataSets {
      for file in set.cases where file.split == split {
        try await body(EvaluationCase(file, of: set, vocabulary: vocabulary))
        done += 1
        progress(done, total)
      }
    }
  }

  private func measure(
    _ each: EvaluationCase, engine: any SegmentationEngine, into tallies: inout [String: Tally],
    sides: inout SideTally
  ) async throws {
    let (set, categories) = (each.set, each.categories)
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
    let known = try await askWhole(each, engine: engine)
    for k in each.slices(stride: stride) {
      guard let slice = each.slice(k) else { continue }
      let answers = try await ask(slice, engine: engine, known: known?.slice(k))
      for n in categories.indices {
        add(n) {
          $0.add(
            answers[n].score, pixels: slice.truths[n].count, patient: each.file.patient,
            tolerance: Self.surfaceTolerance, place: slice.place)
        }
        guard let overlap = answers[n].score.binary else { continue }
        whole[n].shared += overlap.shared
        whole[n].answered += overlap.first
        whole[n].drawn += overlap.second
      }
      guard prompt == .text else { continue }
      for n in categories.indices {
        guard let other = vocabulary.otherSide(of: n, shownIn: slice), let mask = answers[n].mask
        else { continue }
        try sides.add(mask, own: slice.truths[n], other: slice.truths[other])
      }
    }
    guard each.sliceCount > 1, stride == 1, prompt == .text else { return }
    for n in categories.indices where whole[n].drawn > 0 {
      let sizes = whole[n].answered + whole[n].drawn
      add(n) { $0.add(volumeDice: 2 * Double(whole[n].shared) / Double(sizes)) }
    }
  }
}
