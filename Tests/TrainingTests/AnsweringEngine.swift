import Imaging
import SegSAM
import Synchronization

/// An engine that answers as a test says, and remembers what it was asked.
final class AnsweringEngine: SegmentationEngine {
  struct Answer {
    var mask: BinaryMask
    var presence = 0.9
    var alternatives: [BinaryMask] = []
  }

  let model = ModelInfo(name: "answering", version: "1")
  let trainedCategories: Set<String>
  private let answer: @Sendable (Query, String) -> Answer
  private let asked = Mutex<[Query]>([])

  init(
    trained: Set<String> = ["left_kidney", "right_kidney", "renal_lesion", "cell"],
    _ answer: @escaping @Sendable (Query, String) -> Answer
  ) {
    trainedCategories = trained
    self.answer = answer
  }

  /// All queries so far, in order.
  var queries: [Query] { asked.withLock { $0 } }

  func prepare(_ image: MedicalImage, imageKey: String) async throws {}

  func segment(
    _ image: MedicalImage, imageKey: String, queries: [Query], options: SegmentOptions,
    progress: (@Sendable (Int, Int) -> Void)?
  ) async throws -> SegmentationResult {
    asked.withLock { $0 += queries }
    let results = queries.map { query in
      // A volume is answered slice by slice.
      if image.depth > 1 { return volume(query, imageKey, depth: image.depth) }
      let answer = answer(query, imageKey)
      return QueryResult(
        category: nil, isPresent: answer.mask.count > 0, presence: answer.presence, score: 0.5,
        mask: answer.mask, alternatives: options.wantsAlternatives ? answer.alternatives : [])
    }
    return SegmentationResult(
      queries: results, semanticMask: nil, labels: [], probabilities: [:], timing: [:])
  }

  private func volume(_ query: Query, _ key: String, depth: Int) -> QueryResult {
    let slices = (0..<depth).map { answer(query, "\(key)#\($0)") }
    let (w, h) = (SyntheticCorpus.width, SyntheticCorpus.height)
    return QueryResult(
      category: nil, isPresent: slices.contains { $0.mask.count > 0 },
      presence: slices.map(\.presence).max() ?? 0, score: 0.5,
      mask: BinaryMask(width: w, height: h, depth: depth, voxels: slices.flatMap(\.mask.voxels)),
      slicePresence: slices.map(\.presence))
  }

  /// A rectangle of the synthetic corpus's grid, upper bounds exclusive.
  static func rectangle(_ x0: Int, _ y0: Int, _ x1: Int, _ y1: Int) -> BinaryMask {
    let (w, h) = (SyntheticCorpus.width, SyntheticCorpus.height)
    var mask = BinaryMask(width: w, height: h)
    for y in max(y0, 0)..<min(y1, h) {
      for x in max(x0, 0)..<min(x1, w) { mask.voxels[y * w + x] = 1 }
    }
    return mask
  }
}
