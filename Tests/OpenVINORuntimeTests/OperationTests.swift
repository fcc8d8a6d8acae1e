import Foundation
import NeuralGraph
import OperationExamples
import Testing

@testable import OpenVINORuntime

@Suite("Operations on OpenVINO", .enabled(if: isOpenVINOThere, "run ./bootstrap for OpenVINO"))
struct OperationTests {
  @Test("are PyTorch's", arguments: OperationExample.all)
  func equalsPyTorch(_ example: OperationExample) throws {
    let prepared = try example.prepare()
    let inputs = prepared.operands.mapValues { operand in
      switch operand {
      case .floats(let values, let shape): TensorValue(values, shape: shape)
      case .integers(let values, let shape): TensorValue(values, shape: shape)
      }
    }
    let model = try OpenVINO.load().compile(
      prepared.graph, options: .init(precision: .float32, threads: 1))
    let output = try #require(try model.makeRequest().infer(inputs: inputs)["y"])
    #expect(output.shape == prepared.expected.shape)
    let values = try #require(output.floats)
    #expect(OperationExample.difference(values, prepared.expected.values) == nil)
  }

  @Test("as parameters and constants give the same as inputs")
  func parameters() throws {
    let file = try SafetensorsFile(path: OperationExample.fixtures)
    let builder = GraphBuilder()
    let scope = builder.root["layer"]
    let x = try builder.input("x", [2, 3, 4])
    let linear = try scope.linear(x, 5)
    let shifted = try scope(.add, linear, scope.constant([1, 2, 3, 4, 5], [5]))
    try builder.output("y", shifted)
    try builder.output("passed", x)
    let weights = [
      "layer.weight": try file.floats("linear.1"), "layer.bias": try file.floats("linear.2"),
      "unused": (shape: [1], values: [Float(0)]),
    ]
    let model = try OpenVINO.load().compile(
      builder.graph, weights: weights, options: .init(precision: .float32))
    let input = try file.floats("linear.0").values
    let outputs = try model.makeRequest().infer(inputs: ["x": .init(input, shape: [2, 3, 4])])
    let wanted = try file.floats("linear.y").values.enumerated().map { $1 + Float($0 % 5 + 1) }
    let got = try #require(outputs["y"]?.floats)
    #expect(zip(got, wanted).allSatisfy { abs($0 - $1) < 1e-5 })
    #expect(outputs["passed"]?.floats == input)
    #expect(model.outputs.map(\.name) == ["y", "passed"])
  }
}
