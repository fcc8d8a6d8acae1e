import NeuralGraph

/// all-MiniLM-L6-v2 as a graph: a BERT of six layers, 384 wide, with mean pooling.
///
/// Parameters are called as in its `model.safetensors`. Source: Wang et al., arXiv 2002.10957;
/// Reimers and Gurevych, arXiv 1908.10084.
enum MiniLM {
  static let width = 384
  static let layers = 6
  static let heads = 12
  static let hidden = 1536
  static let positions = 512
  static let epsilon: Float = 1e-12
  static let wordTable = "embeddings.word_embeddings.weight"

  /// The graph for one text of up to `length` tokens.
  ///
  /// Inputs: `words [1, L, 384]`, the tokens' rows of the word table; `mask [1, 1, 1, L]`, 0 where
  /// there is a token and a large negative number after the last; `share [1, L, 1]`, 1/n at each of
  /// the n tokens, else 0. Output: `mean [1, 384]`, not normalised.
  ///
  /// The rows are looked up outside: the table is half of the weights, and would otherwise lie in
  /// memory once for each length.
  static func graph(length: Int) throws(GraphError) -> Graph {
    let builder = GraphBuilder()
    let words = try builder.input("words", [1, length, width])
    let mask = try builder.input("mask", [1, 1, 1, length])
    let share = try builder.input("share", [1, length, 1])
    let embeddings = builder.root["embeddings"]

    func rows(_ part: String, _ count: Int, _ end: Int) throws(GraphError) -> Tensor {
      let table = try embeddings[part].parameter("weight", [count, width], .zeros)
      return try embeddings(.slice(axis: 0, start: 0, end: end), table)
    }
    let placed = try embeddings(.add, words, rows("position_embeddings", positions, length))
    let typed = try embeddings(.add, placed, rows("token_type_embeddings", 2, 1))
    var x = try embeddings["LayerNorm"].layerNorm(typed, epsilon: epsilon)
    for layer in 0..<layers {
      let scope = builder.root["encoder.layer.\(layer)"]
      let attended = try attend(scope["attention"], x, mask, length)
      x = try scope["attention.output.LayerNorm"].layerNorm(
        scope(.add, attended, x), epsilon: epsilon)
      let inner = try scope(.gelu, scope["intermediate.dense"].linear(x, hidden))
      let outer = try scope["output.dense"].linear(inner, width)
      x = try scope["output.LayerNorm"].layerNorm(scope(.add, outer, x), epsilon: epsilon)
    }
    let mean = try builder.root(
      .sum(axes: [1], keep: false), builder.root(.multiply, x, share))
    try builder.output("mean", mean)
    return builder.graph
  }

  private static func attend(
    _ scope: Scope, _ x: Tensor, _ mask: Tensor, _ length: Int
  ) throws(GraphError) -> Tensor {
    let depth = width / heads
    func split(_ part: String) throws(GraphError) -> Tensor {
      let projected = try scope["self"][part].linear(x, width)
      let parted = try scope(.reshape([1, length, heads, depth]), projected)
      return try scope(.transpose([0, 2, 1, 3]), parted)
    }
    let (q, k, v) = (try split("query"), try split("key"), try split("value"))
    let scores = try scope(
      .affine(factor: 1 / Float(depth).squareRoot(), offset: 0),
      scope(.matmul(transposeB: true), q, k))
    let attention = try scope(.softmax(axis: -1), scope(.add, scores, mask))
    let mixed = try scope(.matmul(transposeB: false), attention, v)
    let joined = try scope(.reshape([1, length, width]), scope(.transpose([0, 2, 1, 3]), mixed))
    return try scope["output.dense"].linear(joined, width)
  }
}
