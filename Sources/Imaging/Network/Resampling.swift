/// Resizing of planes, `[height, width]` row by row. Pixels are areas: pixel n spans n to n + 1, so
/// that a plane's edges stay its edges (`align_corners` false).
public enum Resampling {
  /// For each output position, which input positions count, and how much.
  struct Weights {
    var starts: [Int]
    /// `taps` for each output, zero where fewer are needed.
    var values: [Float]
    var taps: Int

    /// A triangle as wide as two input pixels, or, where shrinking, two output pixels: bilinear
    /// upwards, averaging over the area downwards. Centres of outputs: `(n + 0.5) × step + offset`.
    init(input: Int, output: Int, step: Double, offset: Double = 0, averaging: Bool) {
      let reach = averaging ? max(step, 1) : 1
      taps = min(Int((2 * reach).rounded(.up)) + 1, input)
      starts = [Int](repeating: 0, count: output)
      values = [Float](repeating: 0, count: output * taps)
      var raw = [Double](repeating: 0, count: taps)
      for n in 0..<output {
        // Beyond the edge the edge pixel goes on.
        let centre = min(max((Double(n) + 0.5) * step + offset, 0.5), Double(input) - 0.5)
        let lowest = Int((centre - reach).rounded(.down))
        let start = min(max(lowest, 0), input - taps)
        var sum = 0.0
        for t in 0..<taps {
          let distance = abs(Double(start + t) + 0.5 - centre) / reach
          raw[t] = max(0, 1 - distance)
          sum += raw[t]
        }
        starts[n] = start
        for t in 0..<taps { values[n * taps + t] = Float(raw[t] / sum) }
      }
    }
  }

  /// Resizes one plane; bilinear, with averaging over the area where it shrinks.
  ///
  /// - Returns: nil where a size is not positive or the plane has not `width × height` values.
  public static func resize(
    _ plane: [Float], width: Int, height: Int, toWidth: Int, toHeight: Int
  ) -> [Float]? {
    guard width > 0, height > 0, toWidth > 0, toHeight > 0, plane.count == width * height else {
      return nil
    }
    if width == toWidth && height == toHeight { return plane }
    return apply(
      plane, width: width, height: height,
      across: Weights(
        input: width, output: toWidth, step: Double(width) / Double(toWidth), averaging: true),
      down: Weights(
        input: height, output: toHeight, step: Double(height) / Double(toHeight), averaging: true))
  }

  /// Both ways, the one first that leaves less for the other; sizes are the caller's to have checked.
  static func apply(
    _ plane: [Float], width: Int, height: Int, across: Weights, down: Weights
  ) -> [Float] {
    if down.starts.count < height {
      let lines = columns(plane, width: width, down)
      return rows(lines, width: width, height: down.starts.count, across)
    }
    let lines = rows(plane, width: width, height: height, across)
    return columns(lines, width: across.starts.count, down)
  }

  private static func rows(
    _ plane: [Float], width: Int, height: Int, _ across: Weights
  ) -> [Float] {
    let newWidth = across.starts.count
    let taps = across.taps
    return [Float](unsafeUninitializedCapacity: height * newWidth) { out, count in
      plane.withUnsafeBufferPointer { plane in
        across.values.withUnsafeBufferPointer { weights in
          across.starts.withUnsafeBufferPointer { starts in
            for y in 0..<height {
              for x in 0..<newWidth {
                let at = y * width + starts[x]
                var sum: Float = 0
                for t in 0..<taps { sum += plane[at + t] * weights[x * taps + t] }
                out[y * newWidth + x] = sum
              }
            }
          }
        }
      }
      count = height * newWidth
    }
  }

  /// Whole rows are added up, which the compiler turns into vector instructions.
  private static func columns(_ plane: [Float], width: Int, _ down: Weights) -> [Float] {
    var result = [Float](repeating: 0, count: down.starts.count * width)
    result.withUnsafeMutableBufferPointer { out in
      plane.withUnsafeBufferPointer { plane in
        for y in 0..<down.starts.count {
          for t in 0..<down.taps {
            let weight = down.values[y * down.taps + t]
            if weight == 0 { continue }
            let (to, from) = (y * width, (down.starts[y] + t) * width)
            for x in 0..<width { out[to + x] += weight * plane[from + x] }
          }
        }
      }
    }
    return result
  }
}
