import NeuralGraph

@testable import SegSAM
@testable import Training

/// The losses over made-up answers of a network, which are inputs of the graph in its place.
///
/// Two images, five slots, four targets in use: a composite of two slots and a single category in
/// the first image, so that slots and targets are counted apart from there on; a single category by
/// points and an absent one in the second.
struct ObjectiveExample {
  static let (images, slots, perImage, categories, side) = (2, 5, 3, 3, 8)
  static let drawn = 2
  static let outputs = [
    "mask", "four_masks", "iou_said", "semantic", "presence_logit", "class_logits", "names",
    "drawn_logits",
  ]

  var weights = LossWeights()
  var floats: [String: Shaped] = [:]
  var indices: [String: (shape: [Int], values: [Int64])] = [:]

  init(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    let (n, s, h) = (Self.slots, Self.side, Self.side / 2)
    let (b, q, c) = (Self.images, Self.perImage, Self.categories)
    func noise(_ shape: [Int], _ low: Float = -2, _ high: Float = 2) -> Shaped {
      (shape, (0..<shape.reduce(1, *)).map { _ in random.uniform(low, high) })
    }
    floats["mask"] = noise([n, s, s])
    floats["four_masks"] = noise([n, 4, h, h])
    floats["iou_said"] = noise([n, 4], 0.1, 0.9)
    floats["semantic"] = noise([n, s, s])
    floats["presence_logit"] = noise([n])
    floats["class_logits"] = noise([b, c])
    floats["names"] = noise([n, c])
    floats["drawn_logits"] = noise([b, Self.drawn, s, s])

    // Target → its slots: 0 → 0 and 1; 1 → 2; 2 → 3; 3 → 4. The fifth is nobody's.
    indices["first"] = ([n], [0, 2, 3, 4, 0])
    indices["second"] = ([n], [1, 2, 3, 4, 0])
    floats["pair"] = ([n], [1, 0, 0, 0, 0])
    floats["valid"] = ([n], [1, 1, 1, 1, 0])
    floats["present"] = ([n], [1, 1, 1, 0, 0])
    floats["ambiguous"] = ([n], [0, 1, 1, 0, 0])
    floats["pseudo"] = ([n], [0, 0, 1, 0, 0])
    floats["name_target"] = ([n, c], [0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0])
    floats["name_known"] = ([n], [0, 1, 1, 0, 0])
    // None of them where there is none: index n.
    indices["members"] = ([b, q], [0, 1, 5, 2, 3, 5])
    var target = noise([n, s, s], 0, 1)
    for i in (3 * s * s)..<(5 * s * s) { target.values[i] = 0 }
    floats["target"] = target
    // Rows: background and three members; the lower half of the second image is unknown.
    var semantic = [Float](repeating: 0, count: b * (q + 1) * s * s)
    for image in 0..<b {
      for y in 0..<s where image == 0 || y < s / 2 {
        for x in 0..<s {
          let row = image == 0 ? random.below(3) : random.below(2)
          let share: Float = random.chance(0.3) ? 0.75 : 1
          semantic[((image * (q + 1) + row) * s + y) * s + x] = share
          semantic[((image * (q + 1)) * s + y) * s + x] += 1 - share
        }
      }
    }
    floats["semantic_target"] = ([b, q + 1, s, s], semantic)
    // Of the first image both labels are known and one is there, of the second one and that is there.
    floats["drawn_known"] = ([b * Self.drawn], [1, 1, 0, 1])
    floats["drawn_present"] = ([b * Self.drawn], [1, 0, 0, 1])
    var sketch = noise([b * Self.drawn, s, s], 0, 1)
    for i in (s * s)..<(3 * s * s) { sketch.values[i] = 0 }
    floats["drawn_target"] = sketch
    // The last column is of the composite of categories 0 and 1.
    floats["class_target"] = ([b, c + 1], [0, 0, 1, 1, 1, 0, 0, 0])
    floats["class_known"] = ([b, c + 1], [0, 0, 1, 1, 1, 0.1, 0, 0])
  }

  func graph() throws -> Graph {
    var configuration = NetworkConfiguration()
    configuration.imageSize = Self.side * 2
    var shape = BatchShape(
      images: Self.images, slots: Self.slots, perImage: Self.perImage, pairs: [[0, 1]])
    shape.drawn = Self.drawn
    let objective = Objective(
      network: SegSAMNetwork(configuration: configuration, categoryCount: Self.categories),
      weights: weights, batch: shape)
    let builder = GraphBuilder()
    func input(_ name: String) throws -> Tensor {
      try builder.input(name, floats[name]?.shape ?? [])
    }
    try objective.addLosses(
      to: builder,
      SegSAMNetwork.Outputs(
        answers: .init(
          mask: input("mask"), candidates: input("four_masks"), iou: input("iou_said"),
          semantic: input("semantic"), presence: input("presence_logit"), naming: input("names")),
        classes: input("class_logits"), drawn: input("drawn_logits")))
    return builder.graph
  }

  func differences() throws -> Differences {
    Differences(graph: try graph(), floats: floats, indices: indices)
  }

  func losses() throws -> [String: Float] {
    var values = try floats.mapValues { try TorchTensor($0.values, shape: $0.shape) }
    for (name, shaped) in indices {
      values[name] = try TorchTensor(shaped.values, shape: shaped.shape)
    }
    let out = try Torch.withoutGradients { try GraphExecutor(graph()).run(values) }
    return try out.mapValues { try $0.values()[0] }
  }
}
