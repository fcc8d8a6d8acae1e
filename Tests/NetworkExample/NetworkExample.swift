import Foundation
public import NeuralGraph
public import SegSAM

/// A tiny network with the answers that an independent implementation of it in PyTorch
/// (`Benchmarks/peer/segsam_torch.py`) gives on the same random weights.
public struct NetworkExample: Sendable {
  public typealias Values = [String: (shape: [Int], values: [Float])]

  /// All of the network on two images and four queries; outputs are called as in `Outputs`.
  public var graph: Graph
  public var weights: Values
  /// By name of the graph's inputs, and the owner of each query.
  public var inputs: Values
  public var owner: [Int64]
  /// The categories of `Outputs.drawn`, `[images, 3]`.
  public var drawn: [Int64]
  public var expected: Values

  public static let categoryCount = 5

  /// Every size is small, and those that could be mixed up differ.
  public static let configuration: NetworkConfiguration = {
    var c = NetworkConfiguration()
    c.imageSize = 32
    c.width = 32
    c.stages = [8, 16, 24]
    c.stageBlocks = 1
    c.depth = 1
    c.heads = 2
    c.crossWidth = 16
    c.decoderMLP = 40
    c.upscaled = [16, 8]
    c.textWidth = 12
    c.aspects = 3
    c.points = 4
    c.sliceReach = 3
    return c
  }()

  /// Attention across slices alone, on two slices: from `alone` and `around` to `tokens`.
  public static func slices() throws -> NetworkExample {
    let file = try open("slices")
    var inputs = try values(file, "input.")
    let builder = GraphBuilder()
    func input(_ name: String) throws -> Tensor {
      try builder.input(name, inputs[name]?.shape ?? [])
    }
    let network = SegSAMNetwork(configuration: configuration, categoryCount: categoryCount)
    inputs["alone"] = inputs.removeValue(forKey: "tokens")
    inputs["in_volume"] = ([2, 1, 1], [1, 1])
    try builder.output(
      "tokens",
      network.look(
        builder.root, input("alone"), around: input("around"), inVolume: input("in_volume")))
    return NetworkExample(
      graph: builder.graph, weights: try values(file, "weight."), inputs: inputs, owner: [],
      drawn: [], expected: try values(file, "output."))
  }

  private static func open(_ name: String) throws -> SafetensorsFile {
    let path = (Bundle.module.resourceURL ?? Bundle.module.bundleURL)
      .appendingPathComponent("Fixtures/\(name).safetensors").path
    return try SafetensorsFile(path: path)
  }

  private static func values(_ file: SafetensorsFile, _ prefix: String) throws -> Values {
    var found: Values = [:]
    for (name, entry) in file.entries where name.hasPrefix(prefix) && entry.type == .f32 {
      found[String(name.dropFirst(prefix.count))] = try file.floats(name)
    }
    return found
  }

  private init(
    graph: Graph, weights: Values, inputs: Values, owner: [Int64], drawn: [Int64], expected: Values
  ) {
    (self.graph, self.weights, self.inputs) = (graph, weights, inputs)
    (self.owner, self.drawn, self.expected) = (owner, drawn, expected)
  }

  public init() throws {
    let file = try Self.open("network")
    weights = try Self.values(file, "weight.")
    let inputs = try Self.values(file, "input.")
    self.inputs = inputs
    expected = try Self.values(file, "output.")
    let owner = try file.integers("input.owner").values
    self.owner = owner
    drawn = try file.integers("input.drawn_category").values
    let (images, each) = (inputs["image"]?.shape.first ?? 0, 3)

    let builder = GraphBuilder()
    func input(_ name: String) throws -> Tensor {
      try builder.input(name, inputs[name]?.shape ?? [])
    }
    let network = SegSAMNetwork(
      configuration: Self.configuration, categoryCount: Self.categoryCount)
    let out = try network.whole(
      builder.root, features: network.encode(builder.root, input("image")),
      owner: builder.input("owner", [owner.count], type: .int64),
      queries: .init(
        places: input("places"), kinds: input("kinds"), text: input("text"),
        hasText: input("has_text")),
      categoryText: input("category_text"),
      drawn: builder.input("drawn_category", [images, each], type: .int64))
    let answers = out.answers
    for (name, tensor) in [
      ("mask", answers.mask), ("candidates", answers.candidates), ("iou", answers.iou),
      ("semantic", answers.semantic), ("presence", answers.presence), ("naming", answers.naming),
      ("classes", out.classes), ("drawn", out.drawn),
    ] {
      try builder.output(name, tensor)
    }
    graph = builder.graph
  }

  /// The largest difference relative to the largest value expected; nil where an output is missing.
  public func difference(_ name: String, _ got: [Float]) -> Float? {
    guard let wanted = expected[name]?.values, wanted.count == got.count else { return nil }
    let scale = wanted.map(abs).max() ?? 0
    let worst = zip(got, wanted).map { abs($0 - $1) }
    // NaN is larger than all.
    return worst.contains(where: \.isNaN) ? .infinity : (worst.max() ?? 0) / max(scale, 1e-6)
  }
}
