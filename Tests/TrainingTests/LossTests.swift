import Foundation
import NeuralGraph
import Testing

@testable import Training

extension TorchTests {
  @Suite("The losses")
  struct Losses {
    typealias Build = @Sendable (Scope, [Tensor]) throws -> Tensor

    struct Example: Sendable, CustomTestStringConvertible {
      var testDescription: String
      var shapes: [[Int]]
      var operands: [[Float]]
      var expected: [Float]
      var build: Build
    }

    /// Worked out by hand; sums in the comments.
    static let examples: [Example] = [
      Example(
        testDescription: "a weighted average", shapes: [[4], [4]],
        operands: [[1, 2, 3, 10], [1, 0, 3, 0]], expected: [2.5]  // (1 + 9) / 4
      ) { try average($0, $1[0], $1[1]) },
      Example(
        testDescription: "an average of nothing", shapes: [[2, 2], [2, 2]],
        operands: [[1, 2, 3, 10], [0, 0, 0, 0]], expected: [0]
      ) { try average($0, $1[0], $1[1]) },
      Example(
        testDescription: "binary cross-entropy", shapes: [[4], [4]],
        operands: [[0, logit(0.9), logit(0.9), logit(0.2)], [1, 1, 0, 0.25]],
        expected: [
          0.693147, 0.105361, 2.302585,
          0.569717,  // −¼ ln 0.2 − ¾ ln 0.8
        ]
      ) { try binaryCrossEntropy($0, $1[0], $1[1]) },
      Example(
        testDescription: "binary cross-entropy far out", shapes: [[4], [4]],
        operands: [[90, -90, 90, -90], [1, 0, 0, 1]], expected: [0, 0, 90, 90]
      ) { try binaryCrossEntropy($0, $1[0], $1[1]) },
      Example(
        testDescription: "focal loss", shapes: [[2, 1, 2], [2, 1, 2]],
        operands: [[0, logit(0.9), logit(0.5), logit(0.25)], [1, 0, 0.5, 0]],
        expected: [
          // Over the object's area and 2 / 128.
          (0.25 * 0.693147 + 0.81 * 2.302585) / 1.015625,
          (0 + 0.0625 * 0.287682) / 0.515625,
        ]
      ) { try focalLoss($0, $1[0], $1[1]) },
      Example(
        testDescription: "Dice", shapes: [[3, 2, 2], [3, 2, 2]],
        operands: [
          [1, 0, 1, 0, 0.5, 0.5, 0, 0, 0, 0, 0, 0], [1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0],
        ],
        expected: [
          0.4,  // 1 − (2 · 1 + 1) / (2 + 2 + 1)
          0.2,  // 1 − (2 · 0.5 + 1) / (0.5 + 1 + 1)
          0,  // both empty
        ]
      ) { try diceLoss($0, $1[0], $1[1]) },
      Example(
        testDescription: "soft IoU", shapes: [[3, 2, 2], [3, 2, 2]],
        operands: [
          [1, 0, 1, 0, 0.5, 0.5, 0, 0, 0, 0, 0, 0], [1, 1, 0, 0, 1, 0, 0, 0, 1, 1, 1, 0],
        ],
        expected: [
          0.5,  // (1 + 1) / (3 + 1)
          0.6,  // (0.5 + 1) / (1.5 + 1)
          0.25,  // (0 + 1) / (3 + 1)
        ]
      ) { try softIoU($0, $1[0], $1[1]) },
    ]

    static func logit(_ p: Float) -> Float { log(p / (1 - p)) }

    private func prepare(_ example: Example, _ operands: [[Float]]) throws -> Differences {
      let builder = GraphBuilder()
      var tensors: [Tensor] = []
      var floats: [String: Shaped] = [:]
      for (i, (shape, values)) in zip(example.shapes, operands).enumerated() {
        tensors.append(try builder.input("\(i)", shape))
        floats["\(i)"] = (shape, values)
      }
      try builder.output("y", example.build(builder.root["loss"], tensors))
      return Differences(graph: builder.graph, floats: floats)
    }

    @Test("are what they are by hand", arguments: examples)
    func value(_ example: Example) throws {
      let check = try prepare(example, example.operands)
      let values = try check.floats.mapValues { try TorchTensor($0.values, shape: $0.shape) }
      let got = try #require(try GraphExecutor(check.graph).run(values)["y"]).values()
      try #require(got.count == example.expected.count)
      for (g, wanted) in zip(got, example.expected) {
        #expect(abs(g - wanted) <= 2e-5 * max(1, wanted), "\(got)")
      }
    }

    @Test("have the gradients of their differences", arguments: examples)
    func gradient(_ example: Example) throws {
      var random = SeededRandom(seed: 5)
      let operands = example.operands.map { $0.map { _ in random.uniform(0.1, 0.9) } }
      let check = try prepare(example, operands)
      #expect(try check.faults(in: ["0"]) == [])
    }
  }
}
