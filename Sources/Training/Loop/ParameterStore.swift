import Foundation
public import NeuralGraph

/// Parameters by name, as plain values.
public typealias Weights = [String: (shape: [Int], values: [Float])]

extension Weights {
  /// Fresh values for a graph's parameters, by their initialisers; the same for the same seed,
  /// whatever else the graph holds.
  public static func initial(for graph: Graph, seed: UInt64) -> Weights {
    var weights: Weights = [:]
    for node in graph.parameters {
      guard case .parameter(let initializer) = node.operation else { continue }
      let hash = node.name.utf8.reduce(UInt64(14_695_981_039_346_656_037)) {
        ($0 ^ UInt64($1)) &* 1_099_511_628_211  // FNV-1a
      }
      var random = SeededRandom(seed: seed ^ hash)
      let count = node.shape.reduce(1, *)
      weights[node.name] = (node.shape, initializer.values(count, random: &random))
    }
    return weights
  }
}

extension Initializer {
  func values(_ count: Int, random: inout SeededRandom) -> [Float] {
    func normal(_ deviation: Float) -> [Float] {
      (0..<count).map { _ in
        var v = random.normal()
        while abs(v) > 2 { v = random.normal() }
        return v * deviation
      }
    }
    switch self {
    case .zeros: return [Float](repeating: 0, count: count)
    case .ones: return [Float](repeating: 1, count: count)
    case .constant(let value): return [Float](repeating: value, count: count)
    case .normal(let deviation): return normal(deviation)
    case .he(let fanIn): return normal((2 / Float(fanIn)).squareRoot())
    case .lecun(let fanIn):
      let reach = (3 / Float(fanIn)).squareRoot()
      return (0..<count).map { _ in random.uniform(-reach, reach) }
    }
  }
}
