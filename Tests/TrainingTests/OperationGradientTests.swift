import CTorch
import NeuralGraph
import OperationExamples
import Testing

@testable import Training

extension TorchTests {
  @Suite("every operation")
  struct Operations {
    @Test("has an example")
    func complete() {
      let labels = Set(OperationExample.all.map(\.operation.label))
      #expect(labels.count == Int(CT_DETACH.rawValue) + 1)
    }

    @Test("gives PyTorch's result", arguments: OperationExample.all)
    func result(_ example: OperationExample) throws {
      let prepared = try example.prepare()
      let values = try prepared.operands.mapValues { operand in
        switch operand {
        case .floats(let values, let shape): try TorchTensor(values, shape: shape)
        case .integers(let values, let shape): try TorchTensor(values, shape: shape)
        }
      }
      let output = try #require(try GraphExecutor(prepared.graph).run(values)["y"])
      #expect(output.shape == prepared.expected.shape)
      #expect(OperationExample.difference(try output.values(), prepared.expected.values) == nil)
    }

    @Test(
      "has the gradient of its differences, for every operand",
      arguments: OperationExample.all.filter { $0.operation != .stopGradient })
    func gradient(_ example: OperationExample) throws {
      let prepared = try example.prepare()
      var check = Differences(graph: prepared.graph, floats: [:])
      var random = SeededRandom(seed: 20_261_121)
      for (name, operand) in prepared.operands.sorted(by: { $0.key < $1.key }) {
        switch operand {
        case .integers(let values, let shape): check.indices[name] = (shape, values)
        case .floats(_, let shape):
          let isPositive =
            switch example.operation {
            case .logarithm, .squareRoot, .power: true
            case .divide: name == "1"
            default: false
            }
          check.floats[name] = (
            shape,
            Self.apart(shape.reduce(1, *), lowest: isPositive ? 0.5 : -1.5, random: &random)
          )
        }
      }
      let operands = check.floats.keys.sorted()
      #expect(!operands.isEmpty)
      let faults = try check.faults(in: operands)
      #expect(faults.isEmpty, "\(faults.prefix(3))")
      let gradients = try check.gradients(of: operands)
      for name in operands {
        #expect(try #require(gradients[name]).contains { $0 != 0 }, "operand \(name)")
      }
    }

    /// Values over a range of 3, shuffled, evenly apart, so that no two compete for a maximum and
    /// none is near 0; two operands of different counts do not meet either.
    private static func apart(
      _ count: Int, lowest: Float, random: inout SeededRandom
    ) -> [Float] {
      (0..<count).map {
        lowest + 3 * (Float($0) + 0.5) / Float(count) + (count % 2 == 0 ? 0 : 0.03)
      }
      .shuffled(using: &random)
    }
  }
}
