/// The graph of a plane's pixels: each joined to its eight neighbours, an edge's weight being how
/// different its ends look.
struct PixelGraph {
  /// Edges by rising weight, equal ones in the order of their pixels: 4 · pixel + direction.
  let order: [Int32]
  /// Of each edge in that order: its weight.
  let weights: [Float]
  private let steps: [Int]

  /// Weights are rounded to this many levels, so that sorting is counting.
  private static let levels = 4096
  /// Right, down, down to the right, down to the left: each pair of neighbours once.
  private static let directions = [(1, 0), (0, 1), (1, 1), (-1, 1)]

  /// - Parameter planes: one of gray or three of colour, `width × height` finite values each.
  init(planes: [[Float]], width: Int, height: Int) {
    steps = Self.directions.map { $1 * width + $0 }
    var differences = [Float](repeating: -1, count: width * height * 4)
    for plane in planes {
      plane.withUnsafeBufferPointer { plane in
        differences.withUnsafeMutableBufferPointer { differences in
          for (n, (dx, dy)) in Self.directions.enumerated() {
            for y in 0..<height - dy {
              for x in max(0, -dx)..<max(width - max(dx, 0), max(0, -dx)) {
                let at = y * width + x
                let difference = plane[at] - plane[at + dy * width + dx]
                let sum = max(differences[4 * at + n], 0) + difference * difference
                differences[4 * at + n] = sum
              }
            }
          }
        }
      }
    }
    (order, weights) = Self.sorted(&differences)
  }

  /// The ends of the edge at a place in `order`.
  @inline(__always)
  func ends(_ edge: Int32) -> (Int, Int) {
    let at = Int(edge) >> 2
    return (at, at + steps[Int(edge) & 3])
  }

  /// Sorts by counting; what is under 0 is no edge.
  private static func sorted(_ squares: inout [Float]) -> (order: [Int32], weights: [Float]) {
    let most = squares.max() ?? 0
    // Squares may overflow: what is not finite is as different as can be.
    let unit = most.isFinite && most > 0 ? most.squareRoot() / Float(levels - 1) : 1
    var starts = [Int](repeating: 0, count: levels + 1)
    let bins = squares.map { square -> Int16 in
      guard square >= 0 else { return -1 }
      let level = square.squareRoot() / unit
      return level < Float(levels - 1) ? Int16(level.rounded()) : Int16(levels - 1)
    }
    for bin in bins where bin >= 0 { starts[Int(bin) + 1] += 1 }
    for level in 0..<levels { starts[level + 1] += starts[level] }
    let count = starts[levels]
    var order = [Int32](repeating: 0, count: count)
    var weights = [Float](repeating: 0, count: count)
    bins.withUnsafeBufferPointer { bins in
      for edge in 0..<bins.count where bins[edge] >= 0 {
        let level = Int(bins[edge])
        order[starts[level]] = Int32(edge)
        weights[starts[level]] = Float(level) * unit
        starts[level] += 1
      }
    }
    return (order, weights)
  }
}
