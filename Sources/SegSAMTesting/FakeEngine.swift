public import Imaging
public import SegSAM
import Synchronization
public import Vocabulary

/// An engine for tests and demonstrations of the bus: no network, the same answer for the same
/// question. Each category is an ellipse (an ellipsoid in a volume) at a place of its own.
public final class FakeEngine: SegmentationEngine {
  public let model: ModelInfo
  public let trainedCategories: Set<String>
  /// Categories that are in no image.
  public let absent: Set<String>
  /// Categories that are told to be present and get an empty mask.
  public let undrawn: Set<String>
  /// How long a slice takes; work stops between slices when it is cancelled.
  public let delay: Duration
  /// Throws what this makes of the number of the call, from 1.
  private let failure: (@Sendable (Int) -> (any Error)?)?
  /// Concrete parts of a composite; itself for others.
  private let parts: @Sendable (String) -> [String]
  private let gate: Gate?

  private struct Counts: Sendable {
    var segment = 0, prepare = 0
    var keys: [String] = []
  }
  private let counts = Mutex(Counts())

  public init(
    trained: Set<String> = FakeEngine.usual,
    model: ModelInfo = ModelInfo(name: "fake", version: "1"),
    absent: Set<String> = [], undrawn: Set<String> = [],
    delay: Duration = .zero, gate: Gate? = nil,
    parts: @escaping @Sendable (String) -> [String] = { Vocabulary.small.parts(of: $0) },
    failure: (@Sendable (Int) -> (any Error)?)? = nil
  ) {
    trainedCategories = trained
    self.model = model
    self.absent = absent
    self.undrawn = undrawn
    self.delay = delay
    self.gate = gate
    self.parts = parts
    self.failure = failure
  }

  /// How often it was asked.
  public var segmentCalls: Int { counts.withLock { $0.segment } }
  public var prepareCalls: Int { counts.withLock { $0.prepare } }
  /// The image keys, in the order of the calls.
  public var imageKeys: [String] { counts.withLock { $0.keys } }

  public func prepare(_ image: MedicalImage, imageKey: String) async throws {
    counts.withLock { counts in
      counts.prepare += 1
      counts.keys.append(imageKey)
    }
  }

  public func segment(
    _ image: MedicalImage, imageKey: String, queries: [Query], options: SegmentOptions,
    progress: (@Sendable (Int, Int) -> Void)?
  ) async throws -> SegmentationResult {
    let call = counts.withLock { counts in
      counts.segment += 1
      counts.keys.append(imageKey)
      return counts.segment
    }
    if let gate { try await gate.pass() }
    if let error = failure?(call) { throw error }
    for slice in 0..<image.depth {
      try Task.checkCancellation()
      if delay > .zero { try await Task.sleep(for: delay) }
      progress?(slice + 1, image.depth)
    }
    return answer(image, queries: queries, options: options)
  }

  private func answer(
    _ image: MedicalImage, queries: [Query], options: SegmentOptions
  ) -> SegmentationResult {
    var labels: [String] = []
    for name in queries.flatMap(concrete) where !labels.contains(name) { labels.append(name) }
    let results = queries.map { result($0, image, options: options) }
    return SegmentationResult(
      queries: results, semanticMask: options.wantsSemanticMask ? semantic(labels, image) : nil,
      labels: labels,
      probabilities: options.wantsProbabilities
        ? Dictionary(uniqueKeysWithValues: trainedCategories.map { ($0, presence($0)) }) : [:],
      timing: ["image_encoder": 0.5, "decoders": 0.25])
  }

  private func result(
    _ query: Query, _ image: MedicalImage, options: SegmentOptions
  ) -> QueryResult {
    let found = concrete(query).map {
      PartResult(category: $0, isPresent: isPresent($0), presence: presence($0))
    }
    let isFound = found.isEmpty || found.contains { $0.isPresent }
    var mask = BinaryMask(width: image.width, height: image.height, depth: image.depth)
    if let box = query.box {
      Shape(box).fill(&mask)
    } else if let prompt = query.mask {
      // As told, and corrected where there are clicks.
      mask = prompt.mask
      for click in query.clicks {
        let at = click.at.map { Int($0.rounded()) } + [0]
        mask.voxels[(at[2] * image.height + at[1]) * image.width + at[0]] =
          click.isPositive ? 1 : 0
      }
    } else {
      let names = found.isEmpty ? [subject(query)] : found.filter(\.isPresent).map(\.category)
      for name in names where !undrawn.contains(name) { Shape(name, in: image).fill(&mask) }
    }
    var candidates: [(category: String, probability: Double)] = []
    if query.subject == .unnamed {
      candidates = trainedCategories.sorted().prefix(5).enumerated()
        .map { (category: $1, probability: 0.5 / Double($0 + 1)) }
    }
    var category = candidates.first?.category
    if case .category(let id) = query.subject { category = id }
    var result = QueryResult(
      category: category, isPresent: isFound, presence: found.map(\.presence).max() ?? 0.9,
      score: 0.75, mask: options.wantsBinaryMasks ? mask : nil,
      parts: found.count > 1 ? found : [], candidates: candidates)
    guard options.wantsAlternatives, isFound, found.count < 2 else { return result }
    // All, nothing, and what was drawn.
    var all = mask
    for voxel in all.voxels.indices { all.voxels[voxel] = 1 }
    let none = BinaryMask(width: image.width, height: image.height, depth: image.depth)
    result.alternatives = [all, none, mask]
    result.alternativeScores = [0.25, 0.5, 0.75]
    return result
  }

  private func semantic(_ labels: [String], _ image: MedicalImage) -> LabelMap {
    var map = LabelMap(width: image.width, height: image.height, depth: image.depth)
    for (n, name) in labels.enumerated() where isPresent(name) {
      var mask = BinaryMask(width: image.width, height: image.height, depth: image.depth)
      Shape(name, in: image).fill(&mask)
      for voxel in mask.voxels.indices where mask.voxels[voxel] != 0 {
        map.labels[voxel] = UInt16(clamping: n + 1)
      }
    }
    return map
  }

  private func concrete(_ query: Query) -> [String] {
    if case .category(let id) = query.subject { parts(id) } else { [] }
  }

  private func subject(_ query: Query) -> String {
    switch query.subject {
    case .category(let id): id
    case .freeText(let text): text
    case .unnamed: "unnamed"
    }
  }

  private func isPresent(_ name: String) -> Bool { !absent.contains(name) }
  private func presence(_ name: String) -> Double { isPresent(name) ? 0.9 : 0.1 }
}
