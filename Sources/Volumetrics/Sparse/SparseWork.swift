import Imaging
import SegSAM

/// One filling on its way, in the radiological view.
struct SparseWork {
  let filling: SparseFilling
  let viewed: MedicalImage
  let key: String
  let known: LabelMap
  /// Ascending.
  let annotated: [Int]
  private(set) var map: LabelMap
  private(set) var drawn = 0, interpolated = 0

  init(
    filling: SparseFilling, viewed: MedicalImage, key: String, known: LabelMap, annotated: [Int]
  ) {
    self.filling = filling
    self.viewed = viewed
    self.key = key
    self.known = known
    self.annotated = annotated
    map = known
  }

  private var step: SliceStep {
    SliceStep(
      engine: filling.engine, viewed: viewed, key: key, threshold: filling.threshold,
      strength: filling.strength)
  }

  mutating func run(_ progress: (@Sendable (Int, Int) -> Void)?) async throws {
    guard let first = annotated.first, let last = annotated.last else { return }
    for n in annotated.indices.dropLast() {
      for k in annotated[n] + 1..<annotated[n + 1] {
        try Task.checkCancellation()
        try await fill(k, between: annotated[n], and: annotated[n + 1])
        progress?(k - first, viewed.depth)
      }
    }
    guard filling.propagation == .auto else {
      progress?(viewed.depth, viewed.depth)
      return
    }
    try await lead(from: last, through: Array(last + 1..<viewed.depth), progress)
    try await lead(from: first, through: (0..<first).reversed(), progress)
    progress?(viewed.depth, viewed.depth)
  }

  private func shape(_ label: SparseFilling.Label, _ slice: Int) -> BinaryMask? {
    let mask = map.slice(slice)?.mask(of: label.value)
    return mask.flatMap { $0.voxels.contains { $0 != 0 } ? $0 : nil }
  }

  /// A slice between two annotated ones.
  private mutating func fill(_ k: Int, between a: Int, and b: Int) async throws {
    let t = Double(k - a) / Double(b - a)
    var expected: [(label: SparseFilling.Label, mask: BinaryMask)] = []
    var led: [(label: SparseFilling.Label, mask: BinaryMask)] = []
    for label in filling.labels {
      switch (shape(label, a), shape(label, b)) {
      case (let from?, let to?):
        let mask = ShapeInterpolation.between(from, to, at: t)
        if mask.voxels.contains(where: { $0 != 0 }) { expected.append((label, mask)) }
      case (.some, nil):
        // It ends somewhere before b: led on from the slice before.
        if let before = shape(label, k - 1) { led.append((label, before)) }
      default: break
      }
    }
    // What begins somewhere after a is led back from b, later slices first: asked once, at k = a + 1.
    if k == a + 1 { try await leadBack(from: b, to: a) }
    let isRedundant =
      SliceSimilarity(viewed, k, k - 1).structure >= SliceSimilarity.redundant
      && SliceSimilarity(viewed, k, min(k + 1, viewed.depth - 1)).structure
        >= SliceSimilarity.redundant
    if filling.propagation == .off || (isRedundant && led.isEmpty) {
      put(expected, k)
      interpolated += 1
      return
    }
    try await draw(expected, led, slice: k)
  }

  /// Labels that are in `b` and not in `a`.
  private mutating func leadBack(from b: Int, to a: Int) async throws {
    guard filling.propagation != .off else { return }
    for k in (a + 1..<b).reversed() {
      let led = filling.labels.compactMap { label -> (SparseFilling.Label, BinaryMask)? in
        guard shape(label, a) == nil, shape(label, b) != nil else { return nil }
        return shape(label, k + 1).map { (label, $0) }
      }
      guard !led.isEmpty else { return }
      try await draw([], led, slice: k)
    }
  }

  /// From an outermost annotated slice on.
  private mutating func lead(
    from edge: Int, through slices: [Int], _ progress: (@Sendable (Int, Int) -> Void)?
  ) async throws {
    var before = edge
    for k in slices {
      try Task.checkCancellation()
      guard SliceSimilarity(viewed, k, before).isAlike else { return }
      let led = filling.labels.compactMap { label in shape(label, before).map { (label, $0) } }
      guard !led.isEmpty else { return }
      try await draw([], led, slice: k)
      before = k
    }
  }

  /// - Parameters:
  ///   - expected: what is certain to be there; `led`: what may have ended.
  private mutating func draw(
    _ expected: [(label: SparseFilling.Label, mask: BinaryMask)],
    _ led: [(label: SparseFilling.Label, mask: BinaryMask)], slice k: Int
  ) async throws {
    let all = expected + led
    guard !all.isEmpty else { return }
    let answers = try await step.ask(
      all.map { (Query($0.label.subject), $0.mask) }, slice: k)
    var masks: [(label: SparseFilling.Label, mask: BinaryMask)] = []
    for (n, answer) in answers.enumerated() {
      guard let mask = answer.mask else { continue }
      if n >= expected.count {
        guard answer.presence >= VolumeWork.leastPresence,
          let overlap = try? Overlap(mask, all[n].mask), overlap.dice > 0.5
        else { continue }
      }
      masks.append((all[n].label, mask))
    }
    put(masks, k)
    drawn += 1
  }

  /// Where two claim a voxel, the smaller object has it.
  private mutating func put(
    _ masks: [(label: SparseFilling.Label, mask: BinaryMask)], _ k: Int
  ) {
    let area = viewed.width * viewed.height
    for one in masks.sorted(by: { $0.mask.count > $1.mask.count }) {
      for v in 0..<area where one.mask.voxels[v] != 0 {
        map.labels[k * area + v] = one.label.value
      }
    }
  }
}
