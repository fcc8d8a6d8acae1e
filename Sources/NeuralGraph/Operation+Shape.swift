extension Operation {
  /// The shape of the result.
  ///
  /// - Throws: `GraphError` naming `node` where the operands do not fit the operation.
  func inferShape(_ x: [Tensor], node: String) throws(GraphError) -> [Int] {
    func fail(_ reason: String) -> GraphError { GraphError(node: node, reason: reason) }
    func need(_ counts: ClosedRange<Int>) throws(GraphError) {
      guard counts.contains(x.count) else {
        throw fail("\(label) takes \(counts) operands, not \(x.count)")
      }
    }
    func axis(_ a: Int, _ shape: [Int]) throws(GraphError) -> Int {
      let positive = a < 0 ? shape.count + a : a
      guard shape.indices.contains(positive) else { throw fail("axis \(a) of shape \(shape)") }
      return positive
    }
    func rank4(_ t: Tensor) throws(GraphError) {
      guard t.shape.count == 4 else { throw fail("\(label) needs [N, C, H, W], not \(t.shape)") }
    }

    switch self {
    case .input, .parameter, .constant:
      throw fail("\(label) is declared, not appended")

    case .conv2d(let stride, let padding, let groups):
      try need(2...3)
      try rank4(x[0])
      try rank4(x[1])
      let (s, w) = (x[0].shape, x[1].shape)
      guard groups > 0, stride > 0, s[1] == w[1] * groups, w[0] % groups == 0 else {
        throw fail("weights \(w) with \(groups) groups do not fit input \(s)")
      }
      guard x.count == 2 || x[2].shape == [w[0]] else { throw fail("bias \(x[2].shape)") }
      let h = (s[2] + 2 * padding - w[2]) / stride + 1
      let v = (s[3] + 2 * padding - w[3]) / stride + 1
      guard s[2] + 2 * padding >= w[2], s[3] + 2 * padding >= w[3] else {
        throw fail("kernel \(w) is larger than the padded input \(s)")
      }
      return [s[0], w[0], h, v]

    case .convTranspose2d(let stride, let padding):
      try need(2...3)
      try rank4(x[0])
      try rank4(x[1])
      let (s, w) = (x[0].shape, x[1].shape)
      guard stride > 0, padding >= 0, w[0] == s[1], w[2] == stride + 2 * padding, w[3] == w[2]
      else {
        throw fail("weights \(w) with stride \(stride), padding \(padding) do not fit input \(s)")
      }
      guard x.count == 2 || x[2].shape == [w[1]] else { throw fail("bias \(x[2].shape)") }
      return [s[0], w[1], s[2] * stride, s[3] * stride]

    case .linear:
      try need(2...3)
      let (s, w) = (x[0].shape, x[1].shape)
      guard w.count == 2, let last = s.last, last == w[1] else {
        throw fail("weights \(w) do not fit input \(s)")
      }
      guard x.count == 2 || x[2].shape == [w[0]] else { throw fail("bias \(x[2].shape)") }
      return s.dropLast() + [w[0]]

    case .matmul(let transposeB):
      try need(2...2)
      let (a, b) = (x[0].shape, x[1].shape)
      guard a.count >= 2, b.count >= 2 else { throw fail("matmul of \(a) and \(b)") }
      let (k, n) = transposeB ? (b[b.count - 1], b[b.count - 2]) : (b[b.count - 2], b[b.count - 1])
      guard a[a.count - 1] == k else { throw fail("matmul of \(a) and \(b): inner extents differ") }
      guard let lead = Self.broadcastShape(Array(a.dropLast(2)), Array(b.dropLast(2))) else {
        throw fail("matmul of \(a) and \(b): leading axes differ")
      }
      return lead + [a[a.count - 2], n]

    case .attention:
      try need(3...3)
      let (q, k, v) = (x[0].shape, x[1].shape, x[2].shape)
      guard q.count >= 2, q.count == k.count, k.count == v.count,
        q.dropLast(2) == k.dropLast(2), k.dropLast(1) == v.dropLast(1), q.last == k.last
      else { throw fail("attention of q \(q), k \(k), v \(v)") }
      return q.dropLast() + [v[v.count - 1]]

    case .add, .subtract, .multiply, .divide, .maximum, .minimum:
      try need(2...2)
      guard let shape = Self.broadcastShape(x[0].shape, x[1].shape) else {
        throw fail("\(label) of \(x[0].shape) and \(x[1].shape)")
      }
      return shape

    case .affine, .power, .relu, .gelu, .sigmoid, .tanh, .exponential, .logarithm, .squareRoot,
      .sine, .cosine, .absolute, .softplus, .stopGradient:
      try need(1...1)
      return x[0].shape

    case .softmax(let a):
      try need(1...1)
      _ = try axis(a, x[0].shape)
      return x[0].shape

    case .layerNorm:
      try need(1...3)
      for t in x.dropFirst() where t.shape != [x[0].extent(-1)] {
        throw fail("scale \(t.shape) does not fit \(x[0].shape)")
      }
      return x[0].shape

    case .groupNorm(let groups, _):
      try need(3...3)
      try rank4(x[0])
      let c = x[0].shape[1]
      guard groups > 0, c % groups == 0, x[1].shape == [c], x[2].shape == [c] else {
        throw fail("\(groups) groups, scale \(x[1].shape) for \(x[0].shape)")
      }
      return x[0].shape

    case .reshape(let shape):
      try need(1...1)
      guard shape.allSatisfy({ $0 > 0 }), shape.reduce(1, *) == x[0].shape.reduce(1, *) else {
        throw fail("\(x[0].shape) cannot be \(shape)")
      }
      return shape

    case .transpose(let order):
      try need(1...1)
      guard order.sorted() == Array(x[0].shape.indices) else {
        throw fail("order \(order) for \(x[0].shape)")
      }
      return order.map { x[0].shape[$0] }

    case .concatenate(let a):
      try need(1...64)
      let at = try axis(a, x[0].shape)
      var shape = x[0].shape
      shape[at] = 0
      for t in x {
        var other = t.shape
        guard other.count == shape.count else { throw fail("ranks differ: \(x.map(\.shape))") }
        other[at] = 0
        var mine = shape
        mine[at] = 0
        guard other == mine else { throw fail("shapes differ: \(x.map(\.shape))") }
        shape[at] += t.shape[at]
      }
      return shape

    case .slice(let a, let start, let end):
      try need(1...1)
      let at = try axis(a, x[0].shape)
      guard start >= 0, start < end, end <= x[0].shape[at] else {
        throw fail("slice \(start)..<\(end) of \(x[0].shape)")
      }
      var shape = x[0].shape
      shape[at] = end - start
      return shape

    case .broadcast(let shape):
      try need(1...1)
      guard Self.broadcastShape(x[0].shape, shape) == shape else {
        throw fail("\(x[0].shape) cannot be spread to \(shape)")
      }
      return shape

    case .gather(let a):
      try need(2...2)
      let at = try axis(a, x[0].shape)
      guard x[1].type == .int64 else { throw fail("indices must be int64") }
      return x[0].shape[..<at] + x[1].shape + x[0].shape[(at + 1)...]

    case .sum(let axes, let keep), .mean(let axes, let keep), .reduceMaximum(let axes, let keep):
      try need(1...1)
      var removed: Set<Int> = []
      for a in axes { removed.insert(try axis(a, x[0].shape)) }
      guard !axes.isEmpty else { throw fail("no axes") }
      return x[0].shape.enumerated().compactMap { i, n in
        removed.contains(i) ? (keep ? 1 : nil) : n
      }

    case .resizeBilinear(let height, let width):
      try need(1...1)
      try rank4(x[0])
      guard height > 0, width > 0 else { throw fail("size \(height)×\(width)") }
      return [x[0].shape[0], x[0].shape[1], height, width]

    case .averagePool(let size), .maxPool(let size):
      try need(1...1)
      try rank4(x[0])
      guard size > 0, x[0].shape[2] % size == 0, x[0].shape[3] % size == 0 else {
        throw fail("pool of \(size) over \(x[0].shape)")
      }
      return [x[0].shape[0], x[0].shape[1], x[0].shape[2] / size, x[0].shape[3] / size]
    }
  }

  /// The shape that two operands share when axes of extent 1 are repeated, aligned at the end.
  static func broadcastShape(_ a: [Int], _ b: [Int]) -> [Int]? {
    var shape: [Int] = []
    for i in 0..<max(a.count, b.count) {
      let m = i < a.count ? a[a.count - 1 - i] : 1
      let n = i < b.count ? b[b.count - 1 - i] : 1
      guard m == n || m == 1 || n == 1 else { return nil }
      shape.append(m == 1 ? n : m)
    }
    return shape.reversed()
  }
}
