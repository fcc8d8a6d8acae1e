/// A fault in how a graph is put together; names the node.
public struct GraphError: Error, Hashable, CustomStringConvertible {
  /// The node's full name, such as `t2vse.cross.q.linear`.
  public let node: String
  public let reason: String
  public init(node: String, reason: String) {
    self.node = node
    self.reason = reason
  }
  public var description: String { "graph node \"\(node)\": \(reason)" }
}

/// One step of a graph.
public struct Node: Sendable, Hashable {
  public let id: Int
  /// Unique in the graph; of an input or a parameter, the name under which its value is given.
  public let name: String
  public let operation: Operation
  /// Ids of earlier nodes.
  public let operands: [Int]
  public let shape: [Int]
  public let type: ElementType
}

/// A value in a graph: a node and its shape.
public struct Tensor: Sendable, Hashable {
  public let id: Int
  public let shape: [Int]
  public let type: ElementType
  /// The extent of an axis; negative axes count from the end.
  public func extent(_ axis: Int) -> Int { shape[axis < 0 ? shape.count + axis : axis] }
}

/// A symbolic computation: nodes in the order in which they can be run.
///
/// Plain functions build it (`Scope`); two interpreters run it: `ONNXWriter` with OpenVINO, and the
/// trainer with libtorch. Shapes are static and inferred as nodes are added.
public struct Graph: Sendable {
  public private(set) var nodes: [Node] = []
  public private(set) var outputs: [(name: String, id: Int)] = []
  private var byName: [String: Int] = [:]
  private var uses: [String: Int] = [:]

  public init() {}

  public var inputs: [Node] { nodes.filter { $0.operation == .input } }
  public var parameters: [Node] {
    nodes.filter { if case .parameter = $0.operation { true } else { false } }
  }

  /// Adds a node and infers its shape.
  ///
  /// - Throws: `GraphError` naming the node if the operands do not fit.
  public mutating func append(
    _ operation: Operation, _ operands: [Tensor], in scope: String
  ) throws(GraphError) -> Tensor {
    let stem = scope.isEmpty ? operation.label : "\(scope).\(operation.label)"
    let count = uses[stem, default: 0]
    uses[stem] = count + 1
    let name = count == 0 ? stem : "\(stem)_\(count)"
    for operand in operands where operand.id < 0 || operand.id >= nodes.count {
      throw GraphError(node: name, reason: "an operand is not of this graph")
    }
    let shape = try operation.inferShape(operands, node: name)
    return insert(operation, operands, name: name, shape: shape, type: .float32)
  }

  /// Declares a value that is given at each run.
  public mutating func input(
    _ name: String, _ shape: [Int], type: ElementType = .float32
  ) throws(GraphError) -> Tensor {
    try check(name, shape)
    guard byName[name] == nil else { throw GraphError(node: name, reason: "the name is taken") }
    return insert(.input, [], name: name, shape: shape, type: type)
  }

  /// Declares a trained value, or finds the one of this name, which must have the same shape.
  public mutating func parameter(
    _ name: String, _ shape: [Int], _ initializer: Initializer
  ) throws(GraphError) -> Tensor {
    try check(name, shape)
    if let known = byName[name].map({ nodes[$0] }) {
      guard case .parameter = known.operation, known.shape == shape else {
        throw GraphError(
          node: name, reason: "declared again with shape \(shape), it has \(known.shape)")
      }
      return Tensor(id: known.id, shape: known.shape, type: known.type)
    }
    return insert(.parameter(initializer), [], name: name, shape: shape, type: .float32)
  }

  /// Fixes a value in the graph.
  public mutating func constant(
    _ values: [Float], _ shape: [Int], in scope: String = ""
  ) throws(GraphError) -> Tensor {
    let count = uses["\(scope).constant", default: 0]
    uses["\(scope).constant"] = count + 1
    let name = "\(scope).constant_\(count)"
    guard values.count == shape.reduce(1, *) else {
      throw GraphError(node: name, reason: "\(values.count) values do not fill shape \(shape)")
    }
    return insert(.constant(values), [], name: name, shape: shape, type: .float32)
  }

  /// Names a tensor as a result.
  public mutating func output(_ name: String, _ tensor: Tensor) throws(GraphError) {
    guard !outputs.contains(where: { $0.name == name }), byName[name] == nil else {
      throw GraphError(node: name, reason: "the name is taken")
    }
    guard nodes.indices.contains(tensor.id) else {
      throw GraphError(node: name, reason: "the tensor is not of this graph")
    }
    outputs.append((name, tensor.id))
  }

  private func check(_ name: String, _ shape: [Int]) throws(GraphError) {
    guard shape.allSatisfy({ $0 > 0 }) else {
      throw GraphError(node: name, reason: "shape \(shape) has an extent that is not positive")
    }
  }

  private mutating func insert(
    _ operation: Operation, _ operands: [Tensor], name: String, shape: [Int], type: ElementType
  ) -> Tensor {
    let node = Node(
      id: nodes.count, name: name, operation: operation, operands: operands.map(\.id),
      shape: shape, type: type)
    nodes.append(node)
    byName[name] = node.id
    return Tensor(id: node.id, shape: shape, type: type)
  }
}
