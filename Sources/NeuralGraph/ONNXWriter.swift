/// Writes a graph as an ONNX model, weights inside.
///
/// Opset 21, 32-bit floats, static shapes. Inputs and outputs keep their names and their order;
/// nodes that no output needs are left out.
public struct ONNXWriter {
  static let opset = 21
  /// The version of the format that goes with opset 21.
  static let formatVersion = 10

  var graph = ONNXProtobuf()
  /// The name under which each node's value goes in the file.
  private var names: [Int: String] = [:]
  private var constants: [String: String] = [:]
  private var temporaries = 0

  private init() {}

  /// The bytes of an ONNX file.
  ///
  /// - Parameter weights: a value for each parameter of the graph that an output depends on; others
  ///   are ignored.
  /// - Throws: `GraphError` naming the parameter that has no value, or one of another shape.
  public static func encode(
    _ graph: Graph, weights: [String: (shape: [Int], values: [Float])] = [:]
  ) throws(GraphError) -> [UInt8] {
    guard !graph.outputs.isEmpty else { throw GraphError(node: "", reason: "no output is named") }
    var writer = ONNXWriter()
    let live = reachable(graph)
    var size = 0
    for node in graph.nodes where live.contains(node.id) {
      switch node.operation {
      case .parameter, .constant: size += 4 * node.shape.reduce(1, *)
      default: break
      }
    }
    guard size < Int(Int32.max) - 64 << 20 else {
      throw GraphError(node: "", reason: "the weights take \(size) bytes; ONNX files end at 2 GiB")
    }
    writer.graph.reserve(size + 1 << 16)
    for node in graph.nodes where live.contains(node.id) {
      try writer.write(node, graph, weights)
    }
    for (name, id) in graph.outputs {
      writer.node("Identity", [writer.names[id] ?? ""], name)
    }
    writer.graph.string(2, "segsam")
    for node in graph.inputs { writer.value(11, node.name, node.shape, node.type) }
    for (name, id) in graph.outputs {
      writer.value(12, name, graph.nodes[id].shape, graph.nodes[id].type)
    }
    var model = ONNXProtobuf()
    model.reserve(writer.graph.bytes.count + 1 << 10)
    model.integer(1, formatVersion)
    model.string(2, "segsam")
    model.data(7, writer.graph.bytes)
    model.message(8) {
      $0.string(1, "")
      $0.integer(2, opset)
    }
    return model.bytes
  }

  private static func reachable(_ graph: Graph) -> Set<Int> {
    var live = Set(graph.outputs.map(\.id))
    for node in graph.nodes.reversed() where live.contains(node.id) {
      live.formUnion(node.operands)
    }
    return live
  }

  private mutating func write(
    _ node: Node, _ graph: Graph, _ weights: [String: (shape: [Int], values: [Float])]
  ) throws(GraphError) {
    switch node.operation {
    case .input:
      names[node.id] = node.name
    case .parameter:
      guard let weight = weights[node.name] else {
        throw GraphError(node: node.name, reason: "the weights have no value for it")
      }
      guard weight.shape == node.shape, weight.values.count == node.shape.reduce(1, *) else {
        throw GraphError(
          node: node.name,
          reason: "its value has shape \(weight.shape) and \(weight.values.count) numbers,"
            + " not \(node.shape)")
      }
      names[node.id] = node.name
      initializer(node.name, node.shape, weight.values)
    case .constant(let values):
      let name = "#\(node.id):\(node.name)"
      names[node.id] = name
      initializer(name, node.shape, values)
    default:
      let name = "#\(node.id):\(node.name)"
      names[node.id] = name
      let operands = node.operands.map {
        Operand(name: names[$0] ?? "", shape: graph.nodes[$0].shape)
      }
      write(node.operation, operands, node.shape, to: name)
    }
  }
}

/// A value that goes into a node.
struct Operand {
  let name: String
  let shape: [Int]
}

// The parts of an ONNX graph.
extension ONNXWriter {
  /// Adds a node with one result.
  mutating func node(
    _ type: String, _ inputs: [String], _ output: String, _ attributes: [ONNXAttribute] = []
  ) {
    graph.message(1) {
      for input in inputs { $0.string(1, input) }
      $0.string(2, output)
      $0.string(3, output)
      $0.string(4, type)
      for attribute in attributes { $0.message(5, attribute.write) }
    }
  }

  /// Adds a node whose result only another node of the same operation uses.
  mutating func step(
    _ type: String, _ inputs: [String], _ attributes: [ONNXAttribute] = []
  ) -> String {
    temporaries += 1
    let name = "#step\(temporaries)"
    node(type, inputs, name, attributes)
    return name
  }

  private mutating func initializer(_ name: String, _ shape: [Int], _ values: [Float]) {
    graph.message(5) {
      $0.reserve(values.count * 4 + 256)
      for extent in shape { $0.integer(1, extent) }
      $0.integer(2, 1)
      $0.string(8, name)
      $0.floats(9, values)
    }
  }

  /// A number, or several of the same, as a value in the file.
  mutating func scalar(_ value: Float) -> String { filled(value, []) }

  mutating func filled(_ value: Float, _ shape: [Int]) -> String {
    let key = "#float:\(value.bitPattern):\(shape)"
    if let known = constants[key] { return known }
    constants[key] = key
    initializer(key, shape, Array(repeating: value, count: shape.reduce(1, *)))
    return key
  }

  /// A list of 64-bit integers as a value in the file.
  mutating func integers(_ values: [Int]) -> String {
    let key = "#integers:\(values)"
    if let known = constants[key] { return known }
    constants[key] = key
    graph.message(5) {
      $0.integer(1, values.count)
      $0.integer(2, 7)
      $0.string(8, key)
      var bytes: [UInt8] = []
      for value in values {
        withUnsafeBytes(of: Int64(value).littleEndian) { bytes.append(contentsOf: $0) }
      }
      $0.data(9, bytes)
    }
    return key
  }

  private mutating func value(_ field: Int, _ name: String, _ shape: [Int], _ type: ElementType) {
    graph.message(field) {
      $0.string(1, name)
      $0.message(2) {
        $0.message(1) {
          $0.integer(1, type == .float32 ? 1 : 7)
          $0.message(2) {
            for extent in shape { $0.message(1) { $0.integer(1, extent) } }
          }
        }
      }
    }
  }
}
