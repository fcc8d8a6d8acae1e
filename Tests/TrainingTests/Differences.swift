import Testing

@testable import NeuralGraph
@testable import Training

typealias Shaped = (shape: [Int], values: [Float])

/// Compares gradients by torch with central differences.
struct Differences {
  var graph: Graph
  /// Every input and parameter of floats, by name, and the indices.
  var floats: [String: Shaped]
  var indices: [String: (shape: [Int], values: [Int64])] = [:]
  /// Half of the distance between the two values that are compared.
  var step: Float = 1e-2
  /// How many elements of an operand are looked at.
  var limit = 40
  var tolerance: Double = 2e-3
  var seed: UInt64 = 7

  /// The gradients of Σ weight · output, with random weights, by operand.
  func gradients(of operands: [String]) throws -> [String: [Float]] {
    var graph = graph
    var total: Tensor?
    for (output, weights) in zip(graph.outputs, outputWeights) {
      let node = graph.nodes[output.id]
      let y = Tensor(id: node.id, shape: node.shape, type: node.type)
      var part = try graph.append(
        .multiply, [y, graph.constant(weights, node.shape)], in: "weighted")
      if !node.shape.isEmpty {
        part = try graph.append(
          .sum(axes: Array(node.shape.indices), keep: false), [part], in: "weighted")
      }
      total = try total.map { try graph.append(.add, [$0, part], in: "total") } ?? part
    }
    try graph.output("the total", #require(total))
    let values = try tensors(differentiable: Set(operands))
    let out = try GraphExecutor(graph).run(values)
    try #require(out["the total"]).backward()
    return try Dictionary(
      uniqueKeysWithValues: operands.map { ($0, try #require(values[$0]).gradient()) })
  }

  /// What is wrong with the gradients of some operands; empty where nothing is.
  func faults(in operands: [String]) throws -> [String] {
    let analytic = try gradients(of: operands)
    let executor = try GraphExecutor(graph)
    let values = try tensors(differentiable: [])
    func total() throws -> Double {
      let out = try Torch.withoutGradients { try executor.run(values) }
      var sum = 0.0
      for (output, weights) in zip(graph.outputs, outputWeights) {
        for (w, y) in zip(weights, try #require(out[output.name]).values()) {
          sum += Double(w) * Double(y)
        }
      }
      return sum
    }
    var found: [String] = []
    var random = SeededRandom(seed: seed)
    for name in operands {
      var current = try #require(floats[name]).values
      let gradient = try #require(analytic[name])
      let size = Double(gradient.map(abs).max() ?? 0)
      for i in Array(current.indices).shuffled(using: &random).prefix(limit) {
        let x = current[i]
        var sums: [Double] = []
        for moved in [x + step, x - step] {
          current[i] = moved
          try #require(values[name]).write(current)
          sums.append(try total())
        }
        current[i] = x
        let width = Double(x + step) - Double(x - step)
        let numeric = (sums[0] - sums[1]) / width
        if !(abs(numeric - Double(gradient[i])) <= tolerance * max(1, size)) {
          found.append("\(name)[\(i)]: \(gradient[i]) by torch, \(numeric) by differences")
        }
      }
      try #require(values[name]).write(current)
    }
    return found
  }

  private var outputWeights: [[Float]] {
    var random = SeededRandom(seed: seed ^ 0xff)
    return graph.outputs.map { output in
      (0..<graph.nodes[output.id].shape.reduce(1, *)).map { _ in
        random.uniform(0.5, 1) * (random.chance(0.5) ? 1 : -1)
      }
    }
  }

  private func tensors(differentiable: Set<String>) throws -> [String: TorchTensor] {
    var values: [String: TorchTensor] = [:]
    for (name, shaped) in floats {
      values[name] = try TorchTensor(
        shaped.values, shape: shaped.shape, requiresGradient: differentiable.contains(name))
    }
    for (name, shaped) in indices {
      values[name] = try TorchTensor(shaped.values, shape: shaped.shape)
    }
    return values
  }
}
