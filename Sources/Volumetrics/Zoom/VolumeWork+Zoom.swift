import Imaging
import SegSAM
import Vocabulary

/// Zoom-out-zoom-in (SegVol, arXiv 2311.13385, section 3.4), for a network that sees slices.
extension VolumeWork {
  /// Between the slices of the look from afar, in millimetres.
  static let coarseStep = 9.0
  /// How much closer than the whole slice a look goes at most: as close as training went.
  static let closest = 2.5
  /// From this share of the slice's side on, a closer look shows nothing new.
  static let worthwhile = 0.7

  /// Every slice, whole or as near as `zoom` says.
  mutating func look(_ engine: any SegmentationEngine) async throws -> VolumeFindings {
    switch options.volume.zoom {
    case .off: return try await lookAtAll(engine)
    case .everywhere: return try await lookEverywhere(engine)
    case .auto, .on: return try await lookClosely(engine)
    }
  }

  private mutating func lookAtAll(
    _ engine: any SegmentationEngine
  ) async throws -> VolumeFindings {
    findings(
      try await ask(engine, viewed, key: key, atoms, options, slices: viewed.depth),
      of: Array(atoms.indices))
  }

  /// An answer about some of the atoms, in terms of all.
  private func findings(_ result: SegmentationResult, of asked: [Int]) -> VolumeFindings {
    var found = VolumeFindings(
      atoms: atoms.map { atom in
        var category: String?
        if case .category(let id) = atom.subject { category = id }
        return QueryResult(
          category: category, isPresent: false, presence: 0, score: 0,
          mask: BinaryMask(width: viewed.width, height: viewed.height, depth: viewed.depth))
      })
    for (n, one) in zip(asked, result.queries) { found.atoms[n] = one }
    found.semantic = result.semanticMask.map { relabelled($0, result.labels) }
    (found.probabilities, found.timing) = (result.probabilities, result.timing)
    return found
  }

  /// With the numbers of `labels` instead of an answer's own.
  private func relabelled(_ map: LabelMap, _ names: [String]) -> LabelMap {
    let labels = labels
    let numbers = [0] + names.map { name in UInt16((labels.firstIndex(of: name) ?? -1) + 1) }
    if numbers.indices.allSatisfy({ numbers[$0] == UInt16($0) }) { return map }
    var map = map
    for v in map.labels.indices { map.labels[v] = numbers[Int(map.labels[v])] }
    return map
  }

  /// Which slices a look from afar takes.
  private var afar: (step: Int, slices: Set<Int>) {
    let spacing = viewed.hasSpacing ? viewed.affine.spacing[2] : 0
    let step = spacing > 0 ? min(max(1, Int((Self.coarseStep / spacing).rounded())), 16) : 3
    let slices = stride(from: min(step / 2, viewed.depth - 1), to: viewed.depth, by: step)
    return (step, Set(slices))
  }

  private mutating func lookClosely(
    _ engine: any SegmentationEngine
  ) async throws -> VolumeFindings {
    // With a place, or without a name, somebody has said where to look.
    let named = atoms.indices.filter { !atoms[$0].hasPlace }
    guard !named.isEmpty else { return try await lookAtAll(engine) }
    let (step, slices) = afar
    var coarse = options
    coarse.slices = slices
    total = slices.count
    let first = try await ask(
      engine, viewed, key: key, named.map { atoms[$0] }, coarse, slices: slices.count)
    var found = findings(first, of: named)
    var searched: [Int] = []
    var near: [(atom: Int, seen: BinaryMask, region: Region)] = []
    let side = Double(max(viewed.width, viewed.height))
    for n in atoms.indices {
      if named.contains(n), let seen = found.atoms[n].mask, seen.boundingBox != nil {
        let region = region(of: seen, step: step)
        if options.volume.zoom == .on
          || Double(max(region.size[0], region.size[1])) <= Self.worthwhile * side
        {
          near.append((n, seen, region))
          continue
        }
      }
      searched.append(n)
    }
    let ranges = near.isEmpty ? nil : try await displayRanges()
    for (n, seen, region) in near {
      let guide = try await Background.run {
        ShapeInterpolation.filled(seen, known: slices, within: region.ranges[2]) ?? seen
      }
      clear(n, in: &found)
      try await draw(n, engine, in: [(region, region)], guide: guide, ranges, into: &found)
      found.atoms[n].steps.append(
        ProcessingStep(
          .zoom,
          note: "\(region.ranges[2].count) of \(viewed.depth) slices looked at closely, "
            + "\(region.size[0]) × \(region.size[1]) of \(viewed.width) × \(viewed.height) pixels"))
    }
    if !searched.isEmpty { try await searchFully(searched, engine, into: &found) }
    return found
  }

  /// What the look from afar did not find, or what is too large to come closer: every slice whole.
  private mutating func searchFully(
    _ asked: [Int], _ engine: any SegmentationEngine, into found: inout VolumeFindings
  ) async throws {
    var options = options
    options.wantsProbabilities = false
    let result = try await ask(
      engine, viewed, key: key, asked.map { atoms[$0] }, options, slices: viewed.depth)
    for (n, var one) in zip(asked, result.queries) {
      let isMissed = !atoms[n].hasPlace && found.atoms[n].mask?.boundingBox == nil
      clear(n, in: &found)
      if isMissed {
        one.steps.append(
          ProcessingStep(
            .fullSearch,
            note: "the look from afar found nothing; all \(viewed.depth) slices were searched"))
      }
      found.atoms[n] = one
    }
    found.add(timing: result.timing)
    guard let drawn = result.semanticMask.map({ relabelled($0, result.labels) }) else { return }
    for v in drawn.labels.indices where drawn.labels[v] != 0 {
      if found.semantic?.labels[v] == 0 { found.semantic?.labels[v] = drawn.labels[v] }
    }
  }

  /// Takes what was drawn of an atom away, and leaves what was said of it.
  private func clear(_ n: Int, in found: inout VolumeFindings) {
    found.atoms[n].mask = BinaryMask(
      width: viewed.width, height: viewed.height, depth: viewed.depth)
    guard let category = category(n), let index = labels.firstIndex(of: category.id) else { return }
    let label = UInt16(index + 1)
    guard let map = found.semantic else { return }
    for v in map.labels.indices where map.labels[v] == label { found.semantic?.labels[v] = 0 }
  }

  private func displayRanges() async throws -> [ClosedRange<Float>]? {
    let viewed = viewed
    return try await Background.run { NetworkInput.displayRanges(viewed) }
  }

  /// Where to come closer: what was seen, with a margin, and not closer than training went.
  func region(of mask: BinaryMask, step: Int) -> Region {
    guard let box = mask.boundingBox else {
      return Region([0..<viewed.width, 0..<viewed.height, 0..<viewed.depth])
    }
    let size = [viewed.width, viewed.height, viewed.depth]
    let least = Int(Double(max(size[0], size[1])) / Self.closest)
    let margin = (0..<2).map { a -> Int in
      let extent = box.upper[a] - box.lower[a]
      return max(extent / 4, size[a] / 32, (least - extent + 1) / 2)
    }
    return Region(box).grown(by: margin + [2 * step], within: size)
  }

  /// Draws an atom in windows.
  ///
  /// - Parameters:
  ///   - windows: what the network is shown, and the part of it that counts.
  ///   - guide: in the whole grid, what the look from afar made of it; nil: there was none.
  private mutating func draw(
    _ n: Int, _ engine: any SegmentationEngine, in windows: [(shown: Region, owned: Region)],
    guide: BinaryMask?, _ ranges: [ClosedRange<Float>]?, into found: inout VolumeFindings
  ) async throws {
    let size = [viewed.width, viewed.height, viewed.depth]
    var options = options
    options.wantsProbabilities = false
    var (scores, weights) = (0.0, 0.0)
    total = max(total, done) + windows.reduce(0) { $0 + $1.shown.ranges[2].count }
    for window in windows {
      let cut = window.shown
      var query = atoms[n]
      // Outside the window there is no prompt.
      query.mask = guide.map { guide in
        MaskPrompt(cut.cut(guide), givesBox: true, strength: Self.guidance, asksElsewhere: true)
      }
      var part = viewed.cut(cut.ranges)
      part.displayRanges = ranges.map { Array($0[cut.ranges[2]]) }
      let name = cut.ranges.map { "\($0.lowerBound)-\($0.upperBound)" }.joined(separator: ",")
      let result = try await ask(
        engine, part, key: "\(key)[\(name)]", [query], options, slices: cut.ranges[2].count)
      found.add(timing: result.timing)
      guard let one = result.queries.first, let mask = one.mask else { continue }
      let count = Double(mask.count)
      scores += one.score * count
      weights += count
      if var whole = found.atoms[n].mask {
        found.atoms[n].mask = nil
        cut.paste(mask.voxels, owned: window.owned, into: &whole.voxels, size: size)
        found.atoms[n].mask = whole
      }
      found.atoms[n].isPresent = found.atoms[n].isPresent || one.isPresent
      found.atoms[n].presence = max(found.atoms[n].presence, one.presence)
      let before = found.atoms[n].slicePresence
      found.atoms[n].slicePresence = (0..<viewed.depth).map { k in
        let (known, at) = (k < before.count ? before[k] : 0, k - cut.ranges[2].lowerBound)
        return one.slicePresence.indices.contains(at) ? max(known, one.slicePresence[at]) : known
      }
      if let drawn = result.semanticMask.map({ relabelled($0, result.labels) }) {
        merge(drawn, cut, window.owned, into: &found)
      }
    }
    if weights > 0 { found.atoms[n].score = scores / weights }
  }

  /// How much the look from afar weighs; chosen on `val`.
  static let guidance = 1.0

  private func merge(
    _ drawn: LabelMap, _ cut: Region, _ owned: Region, into found: inout VolumeFindings
  ) {
    guard var whole = found.semantic else { return }
    found.semantic = nil
    let labels = labels
    for k in owned.ranges[2] {
      for j in owned.ranges[1] {
        let from =
          ((k - cut.ranges[2].lowerBound) * drawn.height + j - cut.ranges[1].lowerBound)
          * drawn.width - cut.ranges[0].lowerBound
        let to = (k * whole.height + j) * whole.width
        for i in owned.ranges[0] {
          let label = drawn.labels[from + i]
          guard label != 0 else { continue }
          let other = whole.labels[to + i]
          // What is drawn inside another beats it; else who was first stays.
          if other == 0
            || vocabulary.isInside(labels[Int(label) - 1], labels[Int(other) - 1])
          {
            whole.labels[to + i] = label
          }
        }
      }
    }
    found.semantic = whole
  }

  private mutating func lookEverywhere(
    _ engine: any SegmentationEngine
  ) async throws -> VolumeFindings {
    var found = findings(
      SegmentationResult(
        queries: [],
        semanticMask: options.wantsSemanticMask
          ? LabelMap(width: viewed.width, height: viewed.height, depth: viewed.depth) : nil,
        labels: [], probabilities: [:], timing: [:]), of: [])
    let ranges = try await displayRanges()
    let windows = Windows.cover(
      width: viewed.width, height: viewed.height, depth: viewed.depth, side: engine.inputSide)
    for n in atoms.indices {
      try await draw(n, engine, in: windows, guide: nil, ranges, into: &found)
    }
    return found
  }
}
