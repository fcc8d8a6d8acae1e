/// Exact Euclidean distances (Felzenszwalb and Huttenlocher, Theory of Computing 8, 2012), in time
/// linear in the voxels: along each axis, the lower envelope of one parabola a voxel.
extension BinaryMask {
  /// For each set voxel the distance from its centre to the nearest unset centre; 0 for unset ones,
  /// infinity where everything is set.
  ///
  /// - Parameters:
  ///   - spacing: of the centres along i, j, k: the distances' unit.
  ///   - closed: whether the grid is surrounded by unset voxels, so that an object cut by the
  ///     image's border is not deepest there. In a single slice only its four sides.
  public func distances(spacing: [Double] = [1, 1, 1], closed: Bool = false) -> [Float] {
    guard spacing.count == 3, spacing.allSatisfy({ $0 > 0 && $0.isFinite }) else { return [] }
    let extents = [width, height, depth]
    var squares = voxels.map { $0 == 0 ? 0 : Double.infinity }
    var stride = 1
    for axis in 0..<3 {
      let n = extents[axis]
      var pass = Envelope(count: n, spacing: spacing[axis], closed: closed && (axis < 2 || n > 1))
      for line in 0..<squares.count / max(n, 1) {
        let start = line / stride * stride * n + line % stride
        for t in 0..<n { pass.input[t] = squares[start + t * stride] }
        pass.run()
        for t in 0..<n { squares[start + t * stride] = pass.output[t] }
      }
      stride *= n
    }
    return squares.map { Float($0.squareRoot()) }
  }

  /// For each voxel the distance from its centre to the mask's border, positive inside: the border is
  /// half way between the centres of a set and an unset neighbour.
  ///
  /// - Parameter spacing: of the centres along i, j, k: the distances' unit.
  /// - Returns: nil for an empty mask, which has no border. Infinite where everything is set.
  public func signedDistances(spacing: [Double] = [1, 1, 1]) -> [Float]? {
    guard voxels.contains(where: { $0 != 0 }) else { return nil }
    let inside = distances(spacing: spacing)
    let outside = inverse.distances(spacing: spacing)
    let half = Float((spacing.min() ?? 1) / 2)
    return voxels.indices.map { voxels[$0] == 0 ? half - outside[$0] : inside[$0] - half }
  }

  /// The set voxel that lies deepest, where a person would click; on a tie the first. Nil if empty.
  public func deepestVoxel(spacing: [Double] = [1, 1, 1]) -> (i: Int, j: Int, k: Int)? {
    let depths = distances(spacing: spacing, closed: true)
    guard let most = depths.max(), most > 0, let at = depths.firstIndex(of: most) else {
      return nil
    }
    return (at % width, at / width % height, at / (width * height))
  }
}

/// min over q of `(p − q)² + input[q]`, for every p of a line.
private struct Envelope {
  var input: [Double], output: [Double]
  private let squared: Double, closed: Bool
  private var vertices: [Int], bounds: [Double]

  init(count: Int, spacing: Double, closed: Bool) {
    input = [Double](repeating: 0, count: count)
    output = input
    vertices = [Int](repeating: 0, count: count + 2)
    bounds = [Double](repeating: 0, count: count + 3)
    squared = spacing * spacing
    self.closed = closed
  }

  private func height(_ q: Int) -> Double {
    q < 0 || q >= input.count ? 0 : input[q] / squared
  }

  mutating func run() {
    let count = input.count
    var top = -1
    for q in closed ? -1..<count + 1 : 0..<count where height(q).isFinite {
      var from = -Double.infinity
      while top >= 0 {
        let v = vertices[top]
        // Where the parabola at q comes under the one at v.
        from = (height(q) - height(v) + Double(q * q - v * v)) / Double(2 * (q - v))
        if from > bounds[top] { break }
        top -= 1
        from = -Double.infinity
      }
      top += 1
      vertices[top] = q
      bounds[top] = from
    }
    guard top >= 0 else {
      for p in 0..<count { output[p] = .infinity }
      return
    }
    bounds[top + 1] = .infinity
    var at = 0
    for p in 0..<count {
      while bounds[at + 1] < Double(p) { at += 1 }
      let off = Double(p - vertices[at])
      output[p] = (off * off + height(vertices[at])) * squared
    }
  }
}
