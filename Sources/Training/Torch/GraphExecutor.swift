import CTorch
public import NeuralGraph

/// Runs a graph node by node with libtorch, with gradients: the trainer's interpreter.
public struct GraphExecutor {
  public let graph: Graph
  private let calls: [(op: ct_op, ints: [Int64], floats: [Double])?]
  private var constants: [Int: TorchTensor] = [:]
  /// Of each node, those whose results nobody needs after it.
  private let done: [[Int]]

  public init(_ graph: Graph) throws(TorchError) {
    self.graph = graph
    calls = graph.nodes.map { Self.call($0.operation) }
    done = Self.done(graph)
    for node in graph.nodes {
      if case .constant(let values) = node.operation {
        constants[node.id] = try TorchTensor(values, shape: node.shape)
      }
    }
  }

  /// - Parameters:
  ///   - values: by name, of every input and parameter of the graph.
  /// - Returns: the graph's outputs, by name.
  /// - Throws: `TorchError` naming the node that failed or the value that is missing.
  public func run(_ values: [String: TorchTensor]) throws(TorchError) -> [String: TorchTensor] {
    var results = [TorchTensor?](repeating: nil, count: graph.nodes.count)
    for node in graph.nodes {
      if let constant = constants[node.id] {
        results[node.id] = constant
      } else if let call = calls[node.id] {
        let operands = node.operands.map { Optional(results[$0]!.handle) }
        let made = ct_apply(
          Int32(call.op.rawValue), operands, Int32(operands.count), call.ints,
          Int32(call.ints.count), call.floats, Int32(call.floats.count))
        guard let tensor = TorchTensor(made, shape: node.shape) else { throw .last(node.name) }
        results[node.id] = tensor
      } else {
        guard let value = values[node.name], value.shape == node.shape else {
          throw TorchError(
            doing: "running \"\(node.name)\"",
            reason: "no value of shape \(node.shape), got \(values[node.name]?.shape ?? [])")
        }
        results[node.id] = value
      }
      // What gradients need of them is held by torch.
      for id in done[node.id] { results[id] = nil }
    }
    var outputs: [String: TorchTensor] = [:]
    for output in graph.outputs { outputs[output.name] = results[output.id] }
    return outputs
  }

  private static func done(_ graph: Graph) -> [[Int]] {
    var last = [Int](repeating: -1, count: graph.nodes.count)
    for node in graph.nodes {
      for operand in node.operands { last[operand] = node.id }
    }
    for output in graph.outputs { last[output.id] = -1 }
    var done = [[Int]](repeating: [], count: graph.nodes.count)
    for (id, user) in last.enumerated() where user >= 0 { done[user].append(id) }
    return done
  }

  private static func call(
    _ operation: Operation
  ) -> (op: ct_op, ints: [Int64], floats: [Double])? {
    func plain(
      _ op: ct_op, _ ints: [Int] = [], _ floats: [Float] = []
    ) -> (op: ct_op, ints: [Int64], floats: [Double]) {
      (op, ints.map(Int64.init), floats.map(Double.init))
    }
    switch operation {
    case .input, .parameter, .constant: return nil
    case .conv2d(let stride, let padding, let groups):
      return plain(CT_CONV2D, [stride, padding, groups])
    case .convTranspose2d(let stride, let padding):
      return plain(CT_CONV_TRANSPOSE2D, [stride, padding])
    case .linear: return plain(CT_LINEAR)
    case .matmul(let transposeB): return plain(CT_MATMUL, [transposeB ? 1 : 0])
    case .attention(let scale): return plain(CT_ATTENTION, [], [scale])
    case .add: return plain(CT_ADD)
    case .subtract: return plain(CT_SUBTRACT)
    case .multiply: return plain(CT_MULTIPLY)
    case .divide: return plain(CT_DIVIDE)
    case .maximum: return plain(CT_MAXIMUM)
    case .minimum: return plain(CT_MINIMUM)
    case .affine(let factor, let offset): return plain(CT_AFFINE, [], [factor, offset])
    case .power(let exponent): return plain(CT_POWER, [], [exponent])
    case .relu: return plain(CT_RELU)
    case .gelu: return plain(CT_GELU)
    case .sigmoid: return plain(CT_SIGMOID)
    case .tanh: return plain(CT_TANH)
    case .exponential: return plain(CT_EXP)
    case .logarithm: return plain(CT_LOG)
    case .squareRoot: return plain(CT_SQRT)
    case .stopGradient: return plain(CT_DETACH)
    case .sine: return plain(CT_SIN)
    case .cosine: return plain(CT_COS)
    case .absolute: return plain(CT_ABS)
    case .softplus: return plain(CT_SOFTPLUS)
    case .softmax(let axis): return plain(CT_SOFTMAX, [axis])
    case .layerNorm(let epsilon): return plain(CT_LAYER_NORM, [], [epsilon])
    case .groupNorm(let groups, let epsilon): return plain(CT_GROUP_NORM, [groups], [epsilon])
    case .reshape(let shape): return plain(CT_RESHAPE, shape)
    case .transpose(let order): return plain(CT_TRANSPOSE, order)
    case .concatenate(let axis): return plain(CT_CONCATENATE, [axis])
    case .slice(let axis, let start, let end): return plain(CT_SLICE, [axis, start, end])
    case .broadcast(let shape): return plain(CT_BROADCAST, shape)
    case .gather(let axis): return plain(CT_GATHER, [axis])
    case .sum(let axes, let keep): return plain(CT_SUM, [keep ? 1 : 0] + axes)
    case .mean(let axes, let keep): return plain(CT_MEAN, [keep ? 1 : 0] + axes)
    case .reduceMaximum(let axes, let keep): return plain(CT_REDUCE_MAX, [keep ? 1 : 0] + axes)
    case .resizeBilinear(let height, let width): return plain(CT_RESIZE_BILINEAR, [height, width])
    case .averagePool(let size): return plain(CT_AVERAGE_POOL, [size])
    case .maxPool(let size): return plain(CT_MAX_POOL, [size])
    }
  }
}
