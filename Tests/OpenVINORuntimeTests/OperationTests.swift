import Foundation
import NeuralGraph
import Testing

@testable import OpenVINORuntime

@Suite("Operations on OpenVINO", .enabled(if: isOpenVINOThere, "run ./bootstrap for OpenVINO"))
struct OperationTests {
  @Test("are PyTorch's", arguments: OperationCase.all)
  func equalsPyTorch(_ example: OperationCase) throws {
    let file = try SafetensorsFile(path: OperationCase.fixtures)
    var graph = Graph()
    var operands: [Tensor] = []
    var inputs: [String: TensorValue] = [:]
    while let entry = file.entries["\(example.name).\(operands.count)"] {
      let name = "\(example.name).\(operands.count)"
      let isIndex = entry.type == .i64
      operands.append(
        try graph.input(name, entry.shape, type: isIndex ? .int64 : .float32))
      inputs[name] =
        isIndex
        ? TensorValue(try file.integers(name).values, shape: entry.shape)
        : TensorValue(try file.floats(name).values, shape: entry.shape)
    }
    let expected = try file.floats("\(example.name).y")
    let result = try graph.append(example.operation, operands, in: "test")
    #expect(result.shape == expected.shape)
    try graph.output("y", result)

    let model = try OpenVINO.load().compile(graph, options: .init(precision: .float32, threads: 1))
    let output = try #require(try model.makeRequest().infer(inputs: inputs)["y"])
    #expect(output.shape == expected.shape)
    let values = try #require(output.floats)
    for (index, (got, wanted)) in zip(values, expected.values).enumerated() {
      #expect(abs(got - wanted) <= 2e-5 * max(1, abs(wanted)), "element \(index)")
    }
    #expect(values.count == expected.values.count)
  }

  @Test("as parameters and constants give the same as inputs")
  func parameters() throws {
    let file = try SafetensorsFile(path: OperationCase.fixtures)
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
