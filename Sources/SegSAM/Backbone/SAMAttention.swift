import NeuralGraph

/// Self-attention over `[M, h, w, C]` with relative positions, decomposed into rows and columns
/// (arXiv 2112.01526): to a score is added q · R_rows[dy] + q · R_columns[dx].
///
/// Both sums are written as one: queries are lengthened by what they say of each row and column, keys by
/// a one and zeros that pick theirs. No bias as large as the scores, 200 MB for each four heads at 4096
/// tokens, is ever made.
struct SAMAttention {
  var heads: Int
  var hasPositions: Bool
  /// See ``SAMNetwork/tables``.
  var tables: [String: Int] = [:]

  func callAsFunction(_ s: Scope, _ x: Tensor) throws(GraphError) -> Tensor {
    let (m, h, w, width) = (x.extent(0), x.extent(1), x.extent(2), x.extent(3))
    let d = width / heads
    let split = try s(
      .transpose([2, 0, 3, 1, 4]),
      s(.reshape([m, h * w, 3, heads, d]), s["qkv"].linear(x, 3 * width)))
    func part(_ n: Int) throws(GraphError) -> Tensor {
      try s(.reshape([m, heads, h * w, d]), s(.slice(axis: 0, start: n, end: n + 1), split))
    }
    var (q, k, v) = (try part(0), try part(1), try part(2))
    let scale = 1 / Float(d).squareRoot()
    if hasPositions {
      let placed = try places(s, q, height: h, width: w)
      q = try s(.concatenate(axis: 3), s(.affine(factor: scale, offset: 0), q), placed)
      let own = try s.constant(Self.rowsAndColumns(h, w), [1, 1, h * w, h + w])
      k = try s(.concatenate(axis: 3), k, s(.broadcast([m, heads, h * w, h + w]), own))
    }
    v = try s(.attention(scale: hasPositions ? 1 : scale), q, k, v)
    let joined = try s(.reshape([m, h, w, width]), s(.transpose([0, 2, 1, 3]), v))
    return try s["proj"].linear(joined, width)
  }

  /// What each query says of each row and each column, `[M, heads, h · w, h + w]`.
  private func places(
    _ s: Scope, _ q: Tensor, height h: Int, width w: Int
  ) throws(GraphError) -> Tensor {
    let (m, d) = (q.extent(0), q.extent(3))
    let plane = try s(.reshape([m * heads, h, w, d]), q)
    let rows = try s(.matmul(transposeB: true), plane, table(s, "rel_pos_h", h, d))
    let turned = try s(
      .matmul(transposeB: true), s(.transpose([0, 2, 1, 3]), plane), table(s, "rel_pos_w", w, d))
    let columns = try s(.transpose([0, 2, 1, 3]), turned)
    return try s(
      .reshape([m, heads, h * w, h + w]), s(.concatenate(axis: 3), rows, columns))
  }

  /// Of each query's row, the vectors of each key's, `[1, n, n, d]`.
  private func table(
    _ s: Scope, _ name: String, _ n: Int, _ d: Int
  ) throws(GraphError) -> Tensor {
    let length = tables["\(s.name).\(name)"] ?? 2 * n - 1
    let values = try s.parameter(name, [length, d], .zeros)
    let picks = try s.constant(Self.picks(n, from: length), [n * n, length])
    return try s(.reshape([1, n, n, d]), s(.matmul(transposeB: false), picks, values))
  }

  /// For each pair of a query's and a key's row, how much of each entry of the table is theirs,
  /// `[n · n, length]`: the one of their distance, or where the table has another length than
  /// `2 · n − 1`, between the two that are nearest (half-pixel centres, as in arXiv 2203.16527).
  static func picks(_ n: Int, from length: Int) -> [Float] {
    var picks = [Float](repeating: 0, count: n * n * length)
    let step = Double(length) / Double(2 * n - 1)
    for query in 0..<n {
      for key in 0..<n {
        let at = max((Double(query - key + n - 1) + 0.5) * step - 0.5, 0)
        let lower = min(Int(at), length - 1)
        let share = Float(at - Double(lower))
        let row = (query * n + key) * length
        picks[row + lower] += 1 - share
        picks[row + min(lower + 1, length - 1)] += share
      }
    }
    return picks
  }

  /// For each place a one at its row and a one at its column, `[h · w, h + w]`.
  private static func rowsAndColumns(_ h: Int, _ w: Int) -> [Float] {
    var ones = [Float](repeating: 0, count: h * w * (h + w))
    for place in 0..<h * w {
      ones[place * (h + w) + place / w] = 1
      ones[place * (h + w) + h + place % w] = 1
    }
    return ones
  }
}
