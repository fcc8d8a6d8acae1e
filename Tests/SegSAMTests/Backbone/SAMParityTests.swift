import NeuralGraph
import OpenVINORuntime
import SegSAM
import Testing

private let isOpenVINOThere = (try? OpenVINO.load()) != nil

@Suite("Segment Anything's network", .enabled(if: isOpenVINOThere, "run ./bootstrap for OpenVINO"))
struct SAMParityTests {
  private let options = CompileOptions(precision: .float32)

  private func run(
    _ example: SAMExample, _ graph: Graph, _ inputs: [String: TensorValue]
  ) throws -> [String: TensorValue] {
    try OpenVINO.load().compile(graph, weights: example.weights, options: options).makeRequest()
      .infer(inputs: inputs)
  }

  private func embed(_ example: SAMExample) throws -> TensorValue {
    let image = SAMExample.picture(example.configuration.imageSize)
    let out = try run(example, example.network.imageGraph(), ["image": image])
    return try #require(out["embedding"])
  }

  /// Every answer of the example, and how far off ours is.
  private func differences(_ example: SAMExample) throws -> [String: Float] {
    let embedding = try embed(example)
    var found = ["embedding": example.difference("embedding", embedding)]
    let decoders = [
      false: try example.network.decoderGraph(),
      true: try example.network.decoderGraph(withMask: true),
    ]
    for (name, prompt) in SAMExample.prompts(example.configuration.imageSize) {
      let (points, used) = example.tensors(prompt)
      var inputs = ["embedding": embedding, "used": used]
      inputs["sparse"] = try run(example, example.network.promptGraph(), points)["sparse"]
      if prompt.hasMask { inputs["mask"] = SAMExample.drawn(example.configuration.maskSide) }
      let graph = try #require(decoders[prompt.hasMask])
      let out = try run(example, graph, inputs)
      for output in ["masks", "scores"] {
        found["\(name).\(output)"] = example.difference("\(name).\(output)", out[output])
      }
    }
    return found
  }

  @Test("says what Hugging Face's implementation says, of boxes, points and masks")
  func equalsPeer() throws {
    let example = try SAMExample.small
    let found = try differences(example)
    #expect(Set(found.keys) == Set(example.expected.keys))
    for (name, difference) in found { #expect(difference < 2e-5, "\(name)") }
    for part in ["embedding", "masks", "scores"] {
      let largest = found.filter { $0.key.hasSuffix(part) }.values.max()
      print("\(part): \(largest ?? .nan) off at most")
    }
  }

  @Test("with adapters says what their description gives")
  func adapters() throws {
    let example = try SAMExample.adapted
    let difference = try example.difference("embedding", embed(example))
    #expect(difference < 2e-5)
    print("with adapters: \(difference)")
  }

  @Test("has no weight that a checkpoint lacks, and needs all that it has")
  func weights() throws {
    let example = try SAMExample.small
    var mine: [String: [Int]] = [:]
    for graph in [
      try example.network.imageGraph(), try example.network.promptGraph(),
      try example.network.decoderGraph(), try example.network.decoderGraph(withMask: true),
    ] {
      for node in graph.parameters { mine[node.name] = node.shape }
    }
    #expect(mine == example.weights.mapValues(\.shape))
  }

  @Test(
    "of ViT-B's size at 1024 pixels says what Hugging Face's implementation says",
    .enabled(if: SAMExample.large != nil, "set SEGSAM_SAM_PARITY to a file of sam_peer.py's"))
  func equalsLargePeer() throws {
    let example = try SAMExample(SAMConfiguration(), file: try #require(SAMExample.large))
    for (name, difference) in try differences(example).sorted(by: { $0.key < $1.key }) {
      print("\(name): \(difference)")
      #expect(difference < 1e-3, "\(name)")
    }
  }
}
