import NetworkExample
import Testing

@testable import Training

extension TorchTests {
  @Suite("The network")
  struct Network {
    @Test("says what an independent implementation in PyTorch says")
    func equalsPeer() throws {
      let example = try NetworkExample()
      var values: [String: TorchTensor] = [:]
      for (name, shaped) in example.weights.merging(example.inputs, uniquingKeysWith: { a, _ in a })
      {
        values[name] = try TorchTensor(shaped.values, shape: shaped.shape)
      }
      values["owner"] = try TorchTensor(example.owner, shape: [example.owner.count])
      values["drawn_category"] = try TorchTensor(example.drawn, shape: [2, 3])
      let outputs = try Torch.withoutGradients { try GraphExecutor(example.graph).run(values) }
      #expect(Set(outputs.keys) == Set(example.expected.keys))
      for (name, wanted) in example.expected {
        let got = try #require(outputs[name])
        #expect(got.shape == wanted.shape, "\(name)")
        #expect(try #require(example.difference(name, got.values())) < 1e-4, "\(name)")
      }
    }

    @Test("gives every weight a gradient, but those of what is not trained")
    func everyWeightCounts() throws {
      let example = try NetworkExample()
      let check = Differences(
        graph: example.graph,
        floats: example.weights.merging(example.inputs, uniquingKeysWith: { a, _ in a }),
        indices: [
          "owner": ([example.owner.count], example.owner),
          "drawn_category": ([2, 3], example.drawn),
        ])
      let gradients = try check.gradients(of: example.weights.keys.sorted())
      // A key's bias shifts all scores of a query alike; with one channel a group, as here, a norm
      // takes the biases before it out.
      let silent = gradients.filter { !$0.value.contains { abs($0) > 1e-4 } }.map(\.key)
      let levelled = ["semantic_agnostic.upscale.up4.bias", "semantic_agnostic.upscale.skip4.bias"]
      #expect(
        silent.allSatisfy { $0.hasSuffix(".k.bias") || levelled.contains($0) }, "\(silent)")
    }
  }
}
