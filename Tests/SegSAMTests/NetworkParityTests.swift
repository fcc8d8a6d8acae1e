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

  @Test("has no weight that the peer does not know, and needs all that it has")
  func weights() throws {
    let example = try NetworkExample()
    let mine = Dictionary(
      uniqueKeysWithValues: example.graph.parameters.map { ($0.name, $0.shape) })
    #expect(mine == example.weights.mapValues(\.shape))
  }
}
