import Foundation
import Imaging
import SegSAM
public import Vocabulary

/// All images of some splits of a corpus, decoded once, as the network sees them, in memory.
public struct SliceStore: Sendable {
  public var corpus: Corpus
  /// The concrete categories that have a CO-token, in the order of their indices.
  public var categories: [String]
  /// Pairs of category indices that one label covers together, in the order of the objective.
  public var pairs: [[Int]]
  public var slices: [TrainingSlice] = []
  /// Of each data set: what can be asked for.
  public var targets: [[TargetLabel]] = []
  /// Of each data set, case and target: whether it was looked for.
  public var known: [[[Bool]]] = []
  /// Of each data set: whether its images may be mirrored, and what becomes what.
  var sides: [Sides] = []
  /// Of each data set: categories that only other kinds of machine show.
  public var foreignCategories: [[Int]] = []
  private var draws: [Draw] = []
  private var totals: [Double] = []

  /// The slices that show one target of one data set.
  private struct Draw: Sendable {
    var target: Int
    var slices: [Int]
  }

  /// Decodes the images of a split.
  ///
  /// - Parameters:
  ///   - side: images are kept at most this large.
  ///   - sliceReach, sliceAttention: as `NetworkConfiguration` has them.
  ///   - empty: the share of a volume's slices without any label that is kept.
  ///   - progress: called with (cases done, cases in all).
  public static func load(
    _ corpus: Corpus, split: Split, vocabulary: Vocabulary, categories: [String], side: Int,
    sliceReach: Double? = nil, sliceAttention: Double? = nil, empty: Double = 0.15,
    progress: (Int, Int) -> Void = { _, _ in }
  ) throws -> SliceStore {
    var store = SliceStore(corpus: corpus, categories: categories, pairs: [])
    let index = Dictionary(uniqueKeysWithValues: categories.enumerated().map { ($1, $0) })
    var pairs: Set<[Int]> = []
    for set in corpus.dataSets {
      var labels: [TargetLabel] = []
      for (value, category) in set.labels.sorted(by: { $0.key < $1.key }) {
        let members = vocabulary.parts(of: category).compactMap { index[$0] }
        guard (1...2).contains(members.count), let own = UInt8(exactly: value) else { continue }
        if members.count == 2 { pairs.insert(members) }
        labels.append(
          TargetLabel(
            category: category,
            values: Set(set.values(of: category).compactMap { UInt8(exactly: $0) }),
            own: [own], members: members))
      }
      store.targets.append(labels)
      store.known.append(
        set.cases.map { each in labels.map { each.annotated.contains($0.category) } })
      store.sides.append(Sides(of: set, targets: labels, vocabulary: vocabulary))
      let foreign = Set(
        corpus.foreignCategories(to: set, among: categories, vocabulary: vocabulary))
      store.foreignCategories.append(categories.indices.filter { foreign.contains(categories[$0]) })
    }
    store.pairs = pairs.sorted { $0[0] < $1[0] }
    let total = corpus.dataSets.reduce(0) { $0 + $1.cases.count { $0.split == split } }
    var done = 0
    for (d, set) in corpus.dataSets.enumerated() {
      for (c, each) in set.cases.enumerated() where each.split == split {
        try store.add(
          each, dataSet: d, caseIndex: c, side: side, sliceReach: sliceReach,
          sliceAttention: sliceAttention, empty: empty)
        done += 1
        progress(done, total)
      }
    }
    store.prepareDraws()
    return store
  }

  private mutating func add(
    _ each: Corpus.Case, dataSet: Int, caseIndex: Int, side: Int, sliceReach: Double?,
    sliceAttention: Double?, empty: Double
  ) throws {
    let set = corpus.dataSets[dataSet]
    let read = try ImageFile.read(
      path: set.folder.appendingPathComponent(each.image).path,
      modality: Modality(rawValue: set.modality))
    let map = try set.readLabels(of: each)
    guard map.width == read.width, map.height == read.height, map.depth == read.depth else {
      throw CorpusError("\(set.name)/\(each.mask)", "it has another grid than its image")
    }
    let view = AxialView(read)
    let (image, labels) = (try view.view(read), try view.view(map))
    var random = SeededRandom(seed: UInt64(dataSet) << 32 | UInt64(caseIndex))
    // Shared by the slices that they are around.
    var made: [Int: TrainingSlice] = [:]
    func slice(_ k: Int) throws -> TrainingSlice? {
      if let known = made[k] { return known }
      let longest = min(side, max(image.width, image.height))
      let input = try NetworkInput(
        image, slice: k, side: longest, sliceReach: image.depth > 1 ? sliceReach : nil)
      guard let small = input.resizeLabels(labels, slice: k, side: longest) else { return nil }
      let found = Self.slice(
        input, labels: small, dataSet: dataSet, caseIndex: caseIndex, slice: k)
      if sliceAttention != nil { made[k] = found }
      return found
    }
    for k in 0..<image.depth {
      let plane = image.width * image.height
      let isEmpty = !labels.labels[k * plane..<(k + 1) * plane].contains { $0 != 0 }
      if image.depth > 1, isEmpty, Double(random.unit()) >= empty { continue }
      guard var kept = try slice(k) else { continue }
      if let sliceAttention, image.depth > 1 {
        kept.around = try CrossSliceAttention.slices(around: k, in: image, reach: sliceAttention)
          .compactMap { try slice($0) }
      }
      slices.append(kept)
    }
  }

  private static func slice(
    _ input: NetworkInput, labels: [UInt16], dataSet: Int, caseIndex: Int, slice: Int
  ) -> TrainingSlice {
    let (w, h, side) = (input.scaledWidth, input.scaledHeight, input.side)
    var planes: [[UInt8]] = []
    let count = input.pixels.count / (side * side)
    for c in 0..<count {
      var plane: [UInt8] = []
      plane.reserveCapacity(w * h)
      for y in 0..<h {
        let row = (c * side + y) * side
        for x in 0..<w {
          let v = input.pixels[row + x] * NetworkInput.deviation + NetworkInput.mean
          plane.append(UInt8(min(max(v, 0), 1) * 255 + 0.5))
        }
      }
      planes.append(plane)
    }
    let isGray = planes[0] == planes[1] && planes[1] == planes[2]
    var kept: [UInt8] = []
    var counts: [UInt8: Int] = [:]
    for y in 0..<h {
      for x in 0..<w {
        let v = UInt8(truncatingIfNeeded: labels[y * side + x])
        kept.append(v)
        if v != 0 { counts[v, default: 0] += 1 }
      }
    }
    return TrainingSlice(
      dataSet: dataSet, caseIndex: caseIndex, slice: slice, width: w, height: h,
      channels: isGray ? 1 : 3, neighbours: count - 3,
      pixels: (isGray ? planes[..<1] : planes[..<3]).flatMap { $0 } + planes[3...].flatMap { $0 },
      labels: kept, counts: counts)
  }

  /// A pair of data set and target is drawn with a weight that grows as the root of its patients.
  private mutating func prepareDraws() {
    var total = 0.0
    for (d, labels) in targets.enumerated() {
      let mine = slices.indices.filter { slices[$0].dataSet == d }
      for (t, label) in labels.enumerated() {
        let showing = mine.filter { i in
          known[d][slices[i].caseIndex][t]
            && label.values.reduce(0) { $0 + (slices[i].counts[$1] ?? 0) } >= 6
        }
        guard !showing.isEmpty else { continue }
        let patients = Set(showing.map { corpus.dataSets[d].cases[slices[$0].caseIndex].patient })
        total += Double(patients.count).squareRoot()
        draws.append(Draw(target: t, slices: showing))
        totals.append(total)
      }
    }
  }

  /// A slice, and the target for which it was drawn (nil: for none).
  func draw(random: inout SeededRandom) -> (slice: Int, target: Int?) {
    if draws.isEmpty || random.chance(0.06) { return (random.below(slices.count), nil) }
    let at = Double(random.unit()) * (totals.last ?? 1)
    let draw = draws[min(totals.firstIndex { $0 > at } ?? 0, draws.count - 1)]
    return (draw.slices[random.below(draw.slices.count)], draw.target)
  }

  /// A random pixel of a target.
  func focus(
    on target: Int?, in slice: TrainingSlice, random: inout SeededRandom
  ) -> (x: Float, y: Float)? {
    guard let target else { return nil }
    let values = targets[slice.dataSet][target].values
    let count = values.reduce(0) { $0 + (slice.counts[$1] ?? 0) }
    guard count > 0 else { return nil }
    var left = random.below(count)
    for (i, v) in slice.labels.enumerated() where values.contains(v) {
      if left == 0 { return (Float(i % slice.width), Float(i / slice.width)) }
      left -= 1
    }
    return nil
  }

  /// A target of another kind of machine, which cannot be in this slice.
  func foreign(to slice: TrainingSlice, random: inout SeededRandom) -> TargetLabel? {
    let foreign = foreignCategories[slice.dataSet]
    guard !foreign.isEmpty else { return nil }
    let category = foreign[random.below(foreign.count)]
    return TargetLabel(category: categories[category], values: [], own: [], members: [category])
  }

  /// For validation: at most `limit` slices of each pair, spread evenly, that show at least `pixels`.
  public func pairs(limit: Int, pixels: Int) -> [(dataSet: Int, target: Int, slices: [Int])] {
    var found: [(dataSet: Int, target: Int, slices: [Int])] = []
    for draw in draws {
      guard let first = draw.slices.first else { continue }
      let set = slices[first].dataSet
      let values = targets[set][draw.target].values
      let enough = draw.slices.filter { i in
        values.reduce(0) { $0 + (slices[i].counts[$1] ?? 0) } >= pixels
      }
      guard !enough.isEmpty else { continue }
      let step = max(1, enough.count / limit)
      let picked = Array(stride(from: step / 2, to: enough.count, by: step).prefix(limit))
      found.append((set, draw.target, picked.map { enough[$0] }))
    }
    return found
  }
}
