public import NeuralGraph

extension OperationExample {
  /// An operand as it lies in the file.
  public enum Operand: Sendable {
    case floats([Float], shape: [Int])
    case integers([Int64], shape: [Int])
  }

  /// A graph of this operation alone; its inputs are called "0", "1", …, its output "y".
  public struct Prepared: Sendable {
    public var graph: Graph
    public var operands: [String: Operand]
    public var expected: (shape: [Int], values: [Float])
  }

  /// Builds the graph and reads operands and result.
  public func prepare() throws -> Prepared {
    let file = try SafetensorsFile(path: Self.fixtures)
    var graph = Graph()
    var tensors: [Tensor] = []
    var operands: [String: Operand] = [:]
    while let entry = file.entries["\(name).\(tensors.count)"] {
      let (input, key) = ("\(tensors.count)", "\(name).\(tensors.count)")
      let isIndex = entry.type == .i64
      tensors.append(try graph.input(input, entry.shape, type: isIndex ? .int64 : .float32))
      operands[input] =
        isIndex
        ? .integers(try file.integers(key).values, shape: entry.shape)
        : .floats(try file.floats(key).values, shape: entry.shape)
    }
    try graph.output("y", graph.append(operation, tensors, in: "test"))
    return Prepared(graph: graph, operands: operands, expected: try file.floats("\(name).y"))
  }

  /// The first element that is off by more than 2e-5 of its size; nil where all are right.
  public static func difference(_ got: [Float], _ wanted: [Float], within limit: Float = 2e-5)
    -> String?
  {
    guard got.count == wanted.count else { return "\(got.count) values, not \(wanted.count)" }
    for (index, (g, w)) in zip(got, wanted).enumerated()
    where !(abs(g - w) <= limit * max(1, abs(w))) {
      return "element \(index) is \(g), not \(w)"
    }
    return nil
  }
}
