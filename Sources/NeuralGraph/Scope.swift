/// A named place in a graph under construction: layers made in it carry its name.
///
/// `scope["blocks.0"]` is a place within it. Networks are plain functions over scopes, so that a
/// parameter's name (`t2vse.cross.q.weight`) says where in the network it stands.
public final class Scope {
  public let builder: GraphBuilder
  public let name: String

  init(_ builder: GraphBuilder, _ name: String) {
    self.builder = builder
    self.name = name
  }

  public subscript(_ part: String) -> Scope {
    Scope(builder, name.isEmpty ? part : "\(name).\(part)")
  }

  public func callAsFunction(_ operation: Operation, _ x: Tensor...) throws(GraphError) -> Tensor {
    try builder.graph.append(operation, x, in: name)
  }

  public func parameter(
    _ part: String, _ shape: [Int], _ initializer: Initializer
  ) throws(GraphError) -> Tensor {
    try builder.graph.parameter(
      name.isEmpty ? part : "\(name).\(part)", shape, initializer)
  }

  public func constant(_ values: [Float], _ shape: [Int]) throws(GraphError) -> Tensor {
    try builder.graph.constant(values, shape, in: name)
  }
}

/// Low-rank adaptation (LoRA, arXiv 2106.09685): weights W of layers become W + B Aᵀ.
public struct LowRank: Sendable, Hashable {
  /// Of the layers' names: `image_encoder.`.
  public var prefix: String
  public var rank: Int
  public init(prefix: String, rank: Int) {
    self.prefix = prefix
    self.rank = rank
  }

  /// The parameters of A, `[in, rank]`, and B, `[out, rank]`, beside a layer's `weight`.
  public static let parts = (a: "lora_a", b: "lora_b")

  /// Whether a parameter is one of A and B.
  public static func holds(_ name: String) -> Bool {
    name.hasSuffix(".\(parts.a)") || name.hasSuffix(".\(parts.b)")
  }
}

/// Holds a graph while functions add to it.
public final class GraphBuilder {
  public var graph = Graph()
  /// Layers made from now on are adapted so.
  public var lowRank: LowRank?
  public init() {}
  public var root: Scope { Scope(self, "") }

  public func input(
    _ name: String, _ shape: [Int], type: ElementType = .float32
  ) throws(GraphError) -> Tensor {
    try graph.input(name, shape, type: type)
  }

  public func output(_ name: String, _ tensor: Tensor) throws(GraphError) {
    try graph.output(name, tensor)
  }
}
