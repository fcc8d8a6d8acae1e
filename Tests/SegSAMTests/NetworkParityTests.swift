import NetworkExample
import NeuralGraph
import OpenVINORuntime
import SegSAM
import Testing

private let isOpenVINOThere = (try? OpenVINO.load()) != nil

@Suite("The network", .enabled(if: isOpenVINOThere, "run ./bootstrap for OpenVINO"))
struct NetworkParityTests {
  @Test("on OpenVINO says what an independent implementation in PyTorch says")
  func equalsPeer() throws {
    let example = try NetworkExample()
    var inputs = example.inputs.mapValues { TensorValue($0.values, shape: $0.shape) }
    inputs["owner"] = TensorValue(example.owner, shape: [example.owner.count])
    inputs["drawn_category"] = TensorValue(example.drawn, shape: [2, 3])
    let model = try OpenVINO.load().compile(
      example.graph, weights: example.weights, options: .init(precision: .float32, threads: 1))
    let outputs = try model.makeRequest().infer(inputs: inputs)
    #expect(Set(outputs.keys) == Set(example.expected.keys))
    for (name, wanted) in example.expected {
      let got = try #require(outputs[name])
      #expect(got.shape == wanted.shape, "\(name)")
      let difference = try #require(example.difference(name, got.floats ?? []))
      #expect(difference < 1e-4, "\(name)")
    }
  }

  @Test(
    "looks across slices as the implementation in PyTorch does, and at none where there are none")
  func slices() throws {
    let example = try NetworkExample.slices()
    let model = try OpenVINO.load().compile(
      example.graph, weights: example.weights, options: .init(precision: .float32, threads: 1))
    var inputs = example.inputs.mapValues { TensorValue($0.values, shape: $0.shape) }
    let seen = try #require(try model.makeRequest().infer(inputs: inputs)["tokens"]?.floats)
    #expect(try #require(example.difference("tokens", seen)) < 1e-5)
    inputs["in_volume"] = TensorValue([1, 0] as [Float], shape: [2, 1, 1])
    let one = try #require(try model.makeRequest().infer(inputs: inputs)["tokens"]?.floats)
    let half = one.count / 2
    #expect(Array(one[..<half]) == Array(seen[..<half]))
    #expect(Array(one[half...]) == Array(try #require(inputs["alone"]?.floats)[half...]))
  }

  @Test("has no weight that the peer does not know, and needs all that it has")
  func weights() throws {
    let example = try NetworkExample()
    let mine = Dictionary(
      uniqueKeysWithValues: example.graph.parameters.map { ($0.name, $0.shape) })
    #expect(mine == example.weights.mapValues(\.shape))
  }

  /// What the prompt encoder makes of points, by name.
  private func encoded(
    _ c: NetworkConfiguration, places: [Float], kinds: [PointKind]
  ) throws -> [String: TensorValue] {
    let graph = try SegSAMNetwork(configuration: c, categoryCount: 5).promptGraph()
    let weights = graph.parameters.map { node in
      (
        node.name,
        (shape: node.shape, values: [Float](repeating: 0.1, count: node.shape.reduce(1, *)))
      )
    }
    let model = try OpenVINO.load().compile(
      graph, weights: Dictionary(uniqueKeysWithValues: weights),
      options: .init(precision: .float32, threads: 1))
    let oneHot = kinds.flatMap { kind in PointKind.allCases.map { Float($0 == kind ? 1 : 0) } }
    return try model.makeRequest().infer(inputs: [
      "places": TensorValue(places, shape: [1, 4, 2]),
      "kinds": TensorValue(oneHot, shape: [1, 4, 5]),
    ])
  }

  @Test("draws a box and clicks where they are")
  func maps() throws {
    // 8 × 8 cells; the box from (1, 2) to (4.5, 6), a click on the centre of a cell and one between.
    let out = try encoded(
      NetworkExample.configuration,
      places: [1 / 8, 2 / 8, 4.5 / 8, 6 / 8, 6.5 / 8, 1.5 / 8, 3 / 8, 7.5 / 8],
      kinds: [.boxTopLeft, .boxBottomRight, .positive, .negative])
    #expect(out["dense"]?.shape == [1, 4, 32])
    let maps = try #require(out["maps"])
    #expect(maps.shape == [1, 4, 8, 8])
    let values = try #require(maps.floats)
    func row(_ map: Int, _ y: Int) -> [Float] {
      (0..<8).map { (values[(map * 8 + y) * 8 + $0] * 1000).rounded() / 1000 }
    }
    let across: [Float] = [0, 1, 1, 1, 0.5, 0, 0, 0]
    for y in 0..<8 {
      let inside = (2..<6).contains(y) ? across : across.map { _ in 0 }
      #expect(row(0, y) == inside && row(3, y) == inside.map { 1 - $0 })
    }
    #expect(row(1, 1) == [0, 0, 0, 0, 0, 0.5, 1, 0.5])
    #expect(row(1, 2) == [0, 0, 0, 0, 0, 0.25, 0.5, 0.25])
    #expect(row(1, 3).allSatisfy { $0 == 0 })
    #expect(row(2, 7) == [0, 0.25, 0.75, 0.75, 0.25, 0, 0, 0])
  }

  @Test("without maps takes tokens alone, as models before version 4")
  func noMaps() throws {
    var c = NetworkExample.configuration
    c.mapsPlaces = nil
    let out = try encoded(
      c, places: [Float](repeating: 0, count: 8), kinds: [.none, .none, .none, .none])
    #expect(Set(out.keys) == ["sparse"])
    let graph = try SegSAMNetwork(configuration: c, categoryCount: 5)
      .queryGraph(categoryText: [Float](repeating: 0.1, count: 5 * 36))
    #expect(!graph.inputs.contains { $0.name == "maps" || $0.name == "dense" })
  }
}
