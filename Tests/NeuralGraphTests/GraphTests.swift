import Testing

@testable import NeuralGraph

@Suite("Graphs")
struct GraphTests {
  @Test("infer shapes, and name the node that does not fit")
  func shapes() throws {
    let builder = GraphBuilder()
    let x = try builder.input("x", [1, 3, 8, 8])
    let y = try builder.root["stem"].conv(x, 16, kernel: 3, stride: 2)
    #expect(y.shape == [1, 16, 4, 4])
    #expect {
      try builder.root["decoder.0"](.add, x, y)
    } throws: {
      ($0 as? GraphError)?.node == "decoder.0.add"
    }
  }

  struct Bad: Sendable {
    let operation: Operation
    let shapes: [[Int]]
  }

  @Test(
    "refuse operands that do not fit",
    arguments: [
      Bad(
        operation: .conv2d(stride: 1, padding: 0, groups: 1),
        shapes: [[1, 3, 4, 4], [2, 2, 3, 3]]),
      Bad(
        operation: .conv2d(stride: 1, padding: 0, groups: 1),
        shapes: [[1, 3, 2, 2], [2, 3, 3, 3]]),
      Bad(
        operation: .conv2d(stride: 0, padding: 0, groups: 1),
        shapes: [[1, 3, 4, 4], [2, 3, 3, 3]]),
      Bad(operation: .convTranspose2d(stride: 2), shapes: [[1, 3, 4, 4], [3, 2, 3, 3]]),
      Bad(operation: .linear, shapes: [[2, 3], [4, 5]]),
      Bad(operation: .linear, shapes: [[2, 3], [4, 3], [3]]),
      Bad(operation: .matmul(transposeB: false), shapes: [[2, 3], [2, 3]]),
      Bad(operation: .matmul(transposeB: false), shapes: [[2, 2, 3], [3, 3, 2]]),
      Bad(operation: .attention(scale: 1), shapes: [[2, 3], [4, 3], [5, 3]]),
      Bad(operation: .add, shapes: [[2, 3], [2]]), Bad(operation: .add, shapes: [[2]]),
      Bad(operation: .softmax(axis: 2), shapes: [[2, 3]]),
      Bad(operation: .softmax(axis: -3), shapes: [[2, 3]]),
      Bad(operation: .layerNorm(epsilon: 0), shapes: [[2, 3], [2]]),
      Bad(operation: .groupNorm(groups: 2, epsilon: 0), shapes: [[1, 3, 2, 2], [3], [3]]),
      Bad(operation: .reshape([5]), shapes: [[2, 3]]),
      Bad(operation: .reshape([-1, 6]), shapes: [[2, 3]]),
      Bad(operation: .transpose([0, 0]), shapes: [[2, 3]]),
      Bad(operation: .concatenate(axis: 0), shapes: [[2, 3], [2, 4]]),
      Bad(operation: .slice(axis: 0, start: 1, end: 3), shapes: [[2]]),
      Bad(operation: .slice(axis: 0, start: 1, end: 1), shapes: [[2]]),
      Bad(operation: .broadcast([2, 4]), shapes: [[2, 3]]),
      Bad(operation: .gather(axis: 0), shapes: [[2], [2]]),
      Bad(operation: .sum(axes: [], keep: false), shapes: [[2]]),
      Bad(operation: .mean(axes: [1], keep: false), shapes: [[2]]),
      Bad(operation: .resizeBilinear(height: 0, width: 1), shapes: [[1, 1, 2, 2]]),
      Bad(operation: .maxPool(size: 3), shapes: [[1, 1, 4, 3]]),
    ])
  func refuse(_ bad: Bad) throws {
    var graph = Graph()
    var operands: [Tensor] = []
    for (i, shape) in bad.shapes.enumerated() { operands.append(try graph.input("\(i)", shape)) }
    #expect {
      try graph.append(bad.operation, operands, in: "here")
    } throws: {
      ($0 as? GraphError)?.node == "here.\(bad.operation.label)"
    }
  }

  @Test("refuse names that are taken, and parameters of two shapes")
  func names() throws {
    let builder = GraphBuilder()
    let x = try builder.input("x", [2, 3])
    #expect(throws: GraphError.self) { try builder.input("x", [1]) }
    #expect(throws: GraphError.self) { try builder.input("y", [0]) }
    #expect(throws: GraphError.self) { try builder.output("x", x) }
    let first = try builder.root["l"].linear(x, 3)
    #expect(throws: Never.self) { try builder.root["l"].linear(first, 3) }
    #expect(throws: GraphError.self) { try builder.root["l"].linear(x, 4) }
    #expect(builder.graph.parameters.map(\.name) == ["l.weight", "l.bias"])
  }
}

@Suite("ONNX writing")
struct ONNXWriterTests {
  func graph() throws -> Graph {
    let builder = GraphBuilder()
    let x = try builder.input("x", [2, 3])
    try builder.output("y", builder.root["l"].linear(x, 4))
    _ = try builder.root["unused"].linear(x, 5)
    return builder.graph
  }

  @Test("names the parameter without a fitting value; ignores what no output needs")
  func weights() throws {
    let bias: (shape: [Int], values: [Float]) = ([4], [0, 0, 0, 0])
    let weight: (shape: [Int], values: [Float]) = ([4, 3], Array(repeating: 0, count: 12))
    let bytes = try ONNXWriter.encode(graph(), weights: ["l.weight": weight, "l.bias": bias])
    #expect(String(decoding: bytes, as: UTF8.self).contains("l.weight"))
    #expect(!String(decoding: bytes, as: UTF8.self).contains("unused"))
    for wrong in [
      ["l.weight": weight], ["l.weight": weight, "l.bias": ([2, 2], [0, 0, 0, 0])],
      ["l.weight": weight, "l.bias": ([4], [0])],
    ] as [[String: (shape: [Int], values: [Float])]] {
      #expect {
        try ONNXWriter.encode(graph(), weights: wrong)
      } throws: {
        ($0 as? GraphError)?.node == "l.bias"
      }
    }
    #expect(throws: GraphError.self) { try ONNXWriter.encode(Graph()) }
  }

  @Test("writes numbers as protocol buffers do")
  func wire() {
    var message = ONNXProtobuf()
    message.integer(1, 150)
    message.string(2, "testing")
    message.float(3, 1)
    message.integer(4, -1)
    message.message(5) { $0.integer(1, 1) }
    message.floats(16, [1])
    #expect(
      message.bytes == [
        0x08, 0x96, 0x01, 0x12, 7, 0x74, 0x65, 0x73, 0x74, 0x69, 0x6E, 0x67, 0x1D, 0, 0, 0x80, 0x3F,
        0x20, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01, 0x2A, 2, 0x08, 1,
        0x82, 0x01, 4, 0, 0, 0x80, 0x3F,
      ])
  }
}
