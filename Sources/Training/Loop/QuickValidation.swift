import Imaging
import NeuralGraph
public import SegSAM

/// Mean Dice of a pair of data set and category on the network's own grid.
public struct PairScore: Sendable, Codable, Hashable {
  public var dataSet: String, category: String
  public var n: Int
  public var binary: Float, semantic: Float
}

/// How validation asks for an object.
public enum ValidationPrompt: String, Codable, Sendable {
  case text
  /// One click where it is deepest.
  case point
  case textAndPoint = "text+point"
}

/// Validation while training: each image asked for one target by text, at S/2, with libtorch. Quick
/// and close to, but not the same as, `segsam evaluate`, which measures what the server answers.
public struct QuickValidation {
  private let executor: GraphExecutor
  private let maker: BatchMaker
  private let images: Int
  private let foreign: ForeignModel?

  /// - Parameter foreign: of a network with a `ForeignEncoder`.
  public init(
    maker: BatchMaker, network: SegSAMNetwork, foreign: ForeignModel? = nil, images: Int = 8
  ) throws {
    self.maker = maker
    self.foreign = foreign
    self.images = images
    let builder = GraphBuilder()
    let c = network.configuration
    let drawn = try builder.input("drawn_category", [images, maker.shape.drawn], type: .int64)
    if c.isUNet {
      let image = try builder.input("image", [images, c.channels, c.imageSize, c.imageSize])
      let unet = UNet(configuration: c, categoryCount: network.categoryCount)
      let s = builder.root
      let all = try unet.draw(s["unet"], image: image, which: drawn)
      let first = try s(.slice(axis: 1, start: 0, end: 1), all)
      let mask = try s(.reshape([images, c.imageSize / 2, c.imageSize / 2]), first)
      try builder.output("binary", mask)
      try builder.output("semantic", s(.affine(factor: 1, offset: 0), mask))
      executor = try GraphExecutor(builder.graph)
      return
    }
    let owner = try builder.input("owner", [images], type: .int64)
    let queries = SegSAMNetwork.QueryInputs(
      places: try builder.input("places", [images, c.points, 2]),
      kinds: try builder.input("kinds", [images, c.points, PointKind.allCases.count]),
      text: try builder.input("text", [images, c.aspects, c.textWidth]),
      hasText: try builder.input("has_text", [images, 1]))
    let text = try builder.input(
      "category_text", [network.categoryCount, c.aspects * c.textWidth])
    var features = try network.encodeInputs(of: builder, images: images)
    if c.sliceAttention != nil {
      let count = CrossSliceAttention.count
      let others = try network.encode(
        builder.root,
        builder.input("around_image", [images * count, c.channels, c.imageSize, c.imageSize]))
      let shape = [images, count, c.grid * c.grid, c.width]
      features.tokens = try network.look(
        builder.root, features.tokens, around: builder.root(.reshape(shape), others.tokens),
        inVolume: builder.input("in_volume", [images, 1, 1]))
    }
    let out = try network.whole(
      builder.root, features: features, owner: owner, queries: queries, categoryText: text,
      drawn: drawn)
    try builder.output("binary", out.answers.mask)
    try builder.output("semantic", out.answers.semantic)
    executor = try GraphExecutor(builder.graph)
  }

  /// - Parameter limit: slices of each pair, at most.
  public func run(
    _ weights: Weights, categoryText: [Float], limit: Int = 6, prompt: ValidationPrompt = .text
  ) throws -> [PairScore] {
    let c = maker.configuration
    var values: [String: TorchTensor] = [:]
    for node in executor.graph.parameters {
      guard let tensor = weights[node.name] else { continue }
      values[node.name] = try TorchTensor(tensor.values, shape: tensor.shape)
    }
    values["category_text"] = try TorchTensor(
      categoryText,
      shape: [categoryText.count / (c.aspects * c.textWidth), c.aspects * c.textWidth])
    var work: [(pair: Int, slice: Int, member: Int, values: Set<UInt8>)] = []
    let pairs = maker.store.pairs(limit: limit, pixels: 10)
    for (p, pair) in pairs.enumerated() {
      let label = maker.store.targets[pair.dataSet][pair.target]
      for slice in pair.slices {
        for m in label.members { work.append((p, slice, m, label.values)) }
      }
    }
    let half = c.imageSize / 2
    let area = half * half
    var binary: [String: [Bool]] = [:]
    var semantic: [String: [Bool]] = [:]
    for start in stride(from: 0, to: work.count, by: images) {
      let chunk = Array(work[start..<min(start + images, work.count)])
      var plain = maker.plain(
        chunk.map { ($0.slice, $0.member, $0.values) }, images: images, prompt: prompt)
      if let foreign {
        let pixels = plain.floats["image"] ?? []
        let each = pixels.count / images
        plain.floats["foreign"] = try (0..<images).flatMap {
          try foreign.tokens(of: pixels[$0 * each..<($0 + 1) * each], side: c.imageSize)
        }
      }
      var given = values
      for node in executor.graph.inputs where node.name != "category_text" {
        if let floats = plain.floats[node.name] {
          given[node.name] = try TorchTensor(floats, shape: node.shape)
        } else if let integers = plain.integers[node.name] {
          given[node.name] = try TorchTensor(integers, shape: node.shape)
        }
      }
      let (b, s) = try Torch.withoutGradients { () throws -> ([Float], [Float]) in
        let out = try executor.run(given)
        return (try out["binary"]!.values(), try out["semantic"]!.values())
      }
      for (i, item) in chunk.enumerated() {
        let key = "\(item.pair) \(item.slice)"
        let range = i * area..<(i + 1) * area
        // A composite is the union of its parts.
        let (mine, theirs) = (b[range].map { $0 > 0 }, s[range].map { $0 > 0 })
        binary[key] = binary[key].map { zip($0, mine).map { $0 || $1 } } ?? mine
        semantic[key] = semantic[key].map { zip($0, theirs).map { $0 || $1 } } ?? theirs
      }
    }
    return pairs.enumerated().map { p, pair in
      let label = maker.store.targets[pair.dataSet][pair.target]
      var (sumB, sumS): (Float, Float) = (0, 0)
      for slice in pair.slices {
        let truth = maker.plainMask(slice, values: label.values)
        sumB += Self.dice(binary["\(p) \(slice)"] ?? [], truth)
        sumS += Self.dice(semantic["\(p) \(slice)"] ?? [], truth)
      }
      let n = Float(pair.slices.count)
      return PairScore(
        dataSet: maker.store.corpus.dataSets[pair.dataSet].name, category: label.category,
        n: pair.slices.count, binary: sumB / n, semantic: sumS / n)
    }
  }

  private static func dice(_ a: [Bool], _ b: [Bool]) -> Float {
    var (both, either) = (0, 0)
    for (x, y) in zip(a, b) {
      if x && y { both += 1 }
      either += (x ? 1 : 0) + (y ? 1 : 0)
    }
    return either == 0 ? 1 : 2 * Float(both) / Float(either)
  }
}

extension BatchMaker {
  /// Slices as they are, each with one category asked for.
  func plain(
    _ items: [(slice: Int, category: Int, values: Set<UInt8>)], images: Int,
    prompt: ValidationPrompt
  ) -> Batch {
    let c = configuration
    let s = c.imageSize
    let plane = s * s
    var shape = shape
    (shape.images, shape.slots) = (images, images)
    var b = EmptyBatch(configuration: c, shape: shape, categories: store.categories.count)
    b.image = [Float](repeating: 0, count: images * c.channels * plane)
    let others = c.sliceAttention == nil ? 0 : CrossSliceAttention.count
    var around = [Float](repeating: 0, count: others * b.image.count)
    var inVolume = [Float](repeating: 0, count: images)
    for (n, item) in items.enumerated() {
      let slice = store.slices[item.slice]
      draw(slice, into: &b.image, at: n)
      for (k, other) in slice.around.enumerated() where others > 0 {
        draw(other, into: &around, at: n * others + k)
        inVolume[n] = 1
      }
      b.owner[n] = Int64(n)
      b.drawn[n * shape.drawn] = Int64(item.category)
      for p in 0..<c.points { b.kinds[(n * c.points + p) * 5] = 1 }
      if prompt != .text, let spot = deepest(item.slice, values: item.values) {
        place(&b, n, 2, .positive, spot.x, spot.y)
      }
      guard prompt != .point else { continue }
      b.hasText[n] = 1
      let modality = store.corpus.dataSets[slice.dataSet].modality
      let vectors = texts.vectors(store.categories[item.category], modality)
      let width = c.aspects * c.textWidth
      b.text.replaceSubrange(n * width..<(n + 1) * width, with: vectors)
    }
    var batch = b.batch()
    if others > 0 {
      batch.floats.merge(["around_image": around, "in_volume": inVolume]) { _, new in new }
    }
    return batch
  }

  /// A slice as it is, as the n-th image of many.
  private func draw(_ slice: TrainingSlice, into images: inout [Float], at n: Int) {
    let (s, channels) = (configuration.imageSize, configuration.channels)
    let plane = s * s
    var values = [Float](repeating: 0, count: slice.planes * plane)
    var inside = [Bool](repeating: false, count: plane)
    slice.sample(
      .plain(width: slice.width, height: slice.height, size: s), size: s, into: &values,
      inside: &inside)
    for ch in 0..<channels {
      let from = slice.plane(of: ch)
      for i in 0..<plane {
        images[(n * channels + ch) * plane + i] =
          ((inside[i] ? values[from * plane + i] : 0) - NetworkInput.mean) / NetworkInput.deviation
      }
    }
  }

  /// Where an object is deepest, as a fraction of the square.
  private func deepest(_ index: Int, values: Set<UInt8>) -> (x: Float, y: Float)? {
    let half = configuration.imageSize / 2
    let voxels = plainMask(index, values: values).map { $0 ? UInt8(1) : 0 }
    let mask = BinaryMask(width: half, height: half, voxels: voxels)
    return mask.deepestVoxel().map {
      ((Float($0.i) + 0.5) / Float(half), (Float($0.j) + 0.5) / Float(half))
    }
  }

  /// The truth on the grid of S/2: where at least half of a cell is the object.
  func plainMask(_ index: Int, values: Set<UInt8>) -> [Bool] {
    let s = configuration.imageSize
    let slice = store.slices[index]
    var labels = [UInt8](repeating: 0, count: s * s)
    slice.sampleLabels(
      .plain(width: slice.width, height: slice.height, size: s), size: s, into: &labels)
    let half = s / 2
    var count = [Int](repeating: 0, count: half * half)
    for y in 0..<s {
      for x in 0..<s where values.contains(labels[y * s + x]) {
        count[(y / 2) * half + x / 2] += 1
      }
    }
    return count.map { $0 >= 2 }
  }
}
