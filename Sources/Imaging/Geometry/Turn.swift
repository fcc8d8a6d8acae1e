/// How the voxels of a turned grid lie in the array of the grid that it was made from.
struct Turn: Sendable {
  /// Where the first voxel begins, and how far it is to the next along i, j and k, in elements.
  var start: Int, steps: [Int]

  /// The values of a part, in C order; `channels` stand together.
  ///
  /// - Parameter ranges: along i, j, k, within the turned grid.
  func part<T: BitwiseCopyable>(
    of values: [T], _ ranges: [Range<Int>], channels: Int = 1
  ) -> [T] {
    let total = ranges.reduce(channels) { $0 * $1.count }
    return values.withUnsafeBufferPointer { from in
      [T](unsafeUninitializedCapacity: total) { to, count in
        let first = start + ranges[0].lowerBound * steps[0]
        var n = 0
        for k in ranges[2] {
          for j in ranges[1] {
            var at = first + k * steps[2] + j * steps[1]
            if steps[0] == channels {
              let row = ranges[0].count * channels
              for c in 0..<row { to[n + c] = from[at + c] }
              n += row
              continue
            }
            for _ in ranges[0] {
              for c in 0..<channels { to[n + c] = from[at + c] }
              n += channels
              at += steps[0]
            }
          }
        }
        count = n
      }
    }
  }
}
