extension BinaryMask {
  /// Dilated and then eroded, each slice by a square of `2 · radius + 1` pixels: fills gaps and
  /// holes that the square does not fit into, and takes nothing away.
  public func closed(radius: Int) -> BinaryMask {
    guard radius > 0 else { return self }
    // Room to grow beyond the grid: else what is near its edge would reach it.
    return padded(radius).grown(1, radius).grown(0, radius).padded(-radius)
  }

  /// With so many empty pixels more on each side of a slice; under 0: with fewer.
  private func padded(_ rim: Int) -> BinaryMask {
    var result = BinaryMask(width: width + 2 * rim, height: height + 2 * rim, depth: depth)
    let columns = max(rim, 0)..<min(width + rim, result.width)
    for k in 0..<depth {
      for y in max(rim, 0)..<min(height + rim, result.height) {
        let from = (k * height + y - rim) * width - rim
        let to = (k * result.height + y) * result.width
        for x in columns { result.voxels[to + x] = voxels[from + x] }
      }
    }
    return result
  }

  /// The value spreads by `radius` along rows and columns of each slice.
  private func grown(_ value: UInt8, _ radius: Int) -> BinaryMask {
    var result = self
    let (width, height) = (width, height)
    var line = [UInt8](repeating: 0, count: max(width, height))
    result.voxels.withUnsafeMutableBufferPointer { voxels in
      func spread(from start: Int, step: Int, count: Int) {
        for n in 0..<count { line[n] = (voxels[start + n * step] != 0) == (value != 0) ? 1 : 0 }
        var last = Int.min / 2
        for n in 0..<count {
          if line[n] == 1 { last = n }
          if n - last <= radius { voxels[start + n * step] = value }
        }
        last = Int.max / 2
        for n in (0..<count).reversed() {
          if line[n] == 1 { last = n }
          if last - n <= radius { voxels[start + n * step] = value }
        }
      }
      for k in 0..<depth {
        for y in 0..<height { spread(from: (k * height + y) * width, step: 1, count: width) }
        for x in 0..<width { spread(from: k * height * width + x, step: width, count: height) }
      }
    }
    return result
  }
}
