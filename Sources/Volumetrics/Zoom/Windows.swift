/// Windows that slide over slices at full resolution.
enum Windows {
  /// Neighbours overlap by a quarter at least; each voxel counts in the window whose middle is nearest.
  static func cover(
    width: Int, height: Int, depth: Int, side: Int
  ) -> [(shown: Region, owned: Region)] {
    let (across, down) = (line(width, side), line(height, side))
    return down.flatMap { y in
      across.map { x in
        (Region([x.shown, y.shown, 0..<depth]), Region([x.owned, y.owned, 0..<depth]))
      }
    }
  }

  static func line(_ extent: Int, _ side: Int) -> [(shown: Range<Int>, owned: Range<Int>)] {
    guard extent > side, side > 0 else { return [(0..<extent, 0..<extent)] }
    let stride = max(1, side * 3 / 4)
    let count = (extent - side + stride - 1) / stride + 1
    let starts = (0..<count).map { $0 * (extent - side) / (count - 1) }
    return starts.indices.map { n in
      let from = n == 0 ? 0 : (starts[n - 1] + side + starts[n]) / 2
      let to = n == count - 1 ? extent : (starts[n] + side + starts[n + 1]) / 2
      return (starts[n]..<starts[n] + side, from..<to)
    }
  }
}
