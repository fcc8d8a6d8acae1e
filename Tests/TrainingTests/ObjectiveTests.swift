import NeuralGraph
import Testing

@testable import Training

extension TorchTests {
  @Suite("The objective")
  struct ObjectiveTests {
    @Test(
      "is what it is pixel by pixel, with slots and targets counted apart", arguments: [1, 2, 3])
    func equalsReference(seed: UInt64) throws {
      let example = ObjectiveExample(seed: seed)
      let got = try example.losses()
      let wanted = ObjectiveReference(example: example).losses()
      #expect(Set(wanted.keys) == Set(Objective.parts))
      for name in Objective.parts {
        let (g, w) = (try #require(got[name]), try #require(wanted[name]))
        #expect(abs(Double(g) - w) < 3e-5 * max(1, abs(w)), "\(name): \(g), not \(w)")
        #expect(w > 0.01, "\(name) says nothing")
      }
      let v = example.weights
      let total = zip(
        [
          v.focal, v.dice, v.semanticCrossEntropy, v.semanticDice, v.classes, v.consistency, v.iou,
          v.presence, v.naming, v.candidates, v.drawn,
        ], Objective.parts
      ).reduce(0.0) { $0 + Double($1.0) * (wanted[$1.1] ?? 0) }
      #expect(abs(Double(try #require(got["loss"])) - total) < 1e-3)
    }

    @Test("has the gradients of its differences", arguments: ObjectiveExample.outputs)
    func gradient(output: String) throws {
      var example = ObjectiveExample(seed: 4)
      // The masks shall not learn to be as good as was predicted: see below.
      if output.hasSuffix("mask") || output.hasSuffix("masks") { example.weights.iou = 0 }
      var check = try example.differences()
      check.step = 2e-3
      check.limit = 24
      check.tolerance = 5e-3
      #expect(try check.faults(in: [output]) == [])
    }

    @Test("of the predicted IoU teach the prediction and not the mask")
    func predictedIoU() throws {
      var example = ObjectiveExample(seed: 5)
      example.weights = LossWeights()
      for weight in [
        \LossWeights.focal, \.dice, \.semanticCrossEntropy, \.semanticDice, \.classes,
        \.consistency, \.presence, \.naming, \.candidates, \.drawn,
      ] {
        example.weights[keyPath: weight] = 0
      }
      var check = try example.differences()
      check.graph = try totalOnly(check.graph)
      let g = try check.gradients(of: ObjectiveExample.outputs)
      for output in ObjectiveExample.outputs {
        let learns = try #require(g[output]).contains { $0 != 0 }
        #expect(learns == (output == "iou_said"), "\(output)")
      }
    }

    /// The gradient of every loss but consistency, which compares answers with answers.
    private func gradients(_ change: (inout ObjectiveExample) -> Void = { _ in }) throws
      -> [String: [Float]]
    {
      var example = ObjectiveExample(seed: 6)
      example.weights.consistency = 0
      change(&example)
      var check = try example.differences()
      // The total alone, weighted by something that is not 0.
      check.graph = try totalOnly(check.graph)
      return try check.gradients(of: ObjectiveExample.outputs)
    }

    private func totalOnly(_ graph: Graph) throws -> Graph {
      var copy = Graph()
      var tensors: [Tensor] = []
      for node in graph.nodes {
        let operands = node.operands.map { tensors[$0] }
        switch node.operation {
        case .input: tensors.append(try copy.input(node.name, node.shape, type: node.type))
        case .constant(let values): tensors.append(try copy.constant(values, node.shape))
        default: tensors.append(try copy.append(node.operation, operands, in: "copy"))
        }
      }
      try copy.output("loss", tensors[try #require(graph.outputs.first { $0.name == "loss" }).id])
      return copy
    }

    @Test("leaves alone what nobody asked about and what is not known")
    func unknown() throws {
      let g = try gradients { example in
        // The single category of the first image was not annotated after all.
        example.floats["valid"]!.values[1] = 0
        example.floats["name_known"]!.values[1] = 0
        example.indices["members"]!.values[1] = 5
        example.floats["class_known"]!.values[2] = 0
      }
      let area = 64
      let slot = 2
      #expect(g["mask"]![slot * area..<(slot + 1) * area].allSatisfy { $0 == 0 })
      #expect(g["semantic"]![slot * area..<(slot + 1) * area].allSatisfy { $0 == 0 })
      #expect(g["four_masks"]![slot * area..<(slot + 1) * area].allSatisfy { $0 == 0 })
      #expect(g["iou_said"]![slot * 4..<(slot + 1) * 4].allSatisfy { $0 == 0 })
      #expect(g["names"]![slot * 3..<(slot + 1) * 3].allSatisfy { $0 == 0 })
      #expect(g["presence_logit"]![slot] == 0)
      // Categories: in the first image only the composite is known, in the second two of three.
      #expect(g["class_logits"]!.map { $0 != 0 }.filter { $0 }.count == 3)
      #expect(g["class_logits"]![2] == 0)
      #expect(g["class_logits"]![5] == 0)
      // And what is known learns.
      #expect(g["mask"]![3 * area..<4 * area].allSatisfy { $0 != 0 })
    }

    @Test("leaves alone the pixels of M_s that are not known")
    func unknownPixels() throws {
      let g = try #require(try gradients()["semantic"])
      for slot in 0..<5 {
        let isSecond = slot >= 3
        for pixel in 0..<64 {
          let isKnown = !isSecond || pixel < 32
          #expect((g[slot * 64 + pixel] != 0) == isKnown, "slot \(slot), pixel \(pixel)")
        }
      }
    }

    @Test("gives a composite's mask to the part that says more, and its M_s to both")
    func union() throws {
      let example = ObjectiveExample(seed: 6)
      let g = try gradients()
      let (mask, gradient) = (try #require(example.floats["mask"]).values, try #require(g["mask"]))
      for pixel in 0..<64 {
        let firstIsMore = mask[pixel] > mask[64 + pixel]
        #expect((gradient[pixel] != 0) == firstIsMore)
        #expect((gradient[64 + pixel] != 0) == !firstIsMore)
      }
      #expect(try #require(g["semantic"])[0..<128].allSatisfy { $0 != 0 })
      let presence = try #require(example.floats["presence_logit"]).values
      let more = presence[0] > presence[1] ? 0 : 1
      #expect(try #require(g["presence_logit"])[more] != 0)
      #expect(try #require(g["presence_logit"])[1 - more] == 0)
      // The composite's label says nothing of which side it is.
      #expect(g["names"]![0..<6].allSatisfy { $0 == 0 })
    }
  }
}
