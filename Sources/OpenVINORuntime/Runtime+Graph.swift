public import NeuralGraph

extension Runtime {
  /// Compiles a graph with its weights.
  ///
  /// The compiled model's inputs and outputs are called as in the graph, in the same order.
  ///
  /// - Throws: `GraphError` naming a parameter without a fitting value; `OpenVINOError` `.model`.
  public func compile(
    _ graph: Graph, weights: [String: (shape: [Int], values: [Float])] = [:],
    options: CompileOptions = CompileOptions()
  ) throws -> CompiledModel {
    try compile(
      .onnx(ONNXWriter.encode(graph, weights: weights)), options: options,
      names: (graph.inputs.map(\.name), graph.outputs.map(\.name)))
  }
}
