import func Foundation.exp

/// Gaussian smoothing of a plane whose edge pixels go on outside.
enum GaussianBlur {
  /// - Parameters:
  ///   - plane: `width × height` values, row by row.
  ///   - sigma: the standard deviation in pixels; at most 0 leaves the plane as it is.
  static func apply(_ plane: [Float], width: Int, height: Int, sigma: Float) -> [Float] {
    guard sigma > 0 else { return plane }
    let reach = min(Int((3 * sigma).rounded(.up)), 64)
    var kernel = (-reach...reach).map { exp(-Float($0 * $0) / (2 * sigma * sigma)) }
    let total = kernel.reduce(0, +)
    for k in kernel.indices { kernel[k] /= total }
    var across = [Float](repeating: 0, count: plane.count)
    var row = [Float](repeating: 0, count: width + 2 * reach)
    plane.withUnsafeBufferPointer { plane in
      across.withUnsafeMutableBufferPointer { across in
        row.withUnsafeMutableBufferPointer { row in
          for y in 0..<height {
            let start = y * width
            for x in 0..<row.count { row[x] = plane[start + min(max(x - reach, 0), width - 1)] }
            for (k, weight) in kernel.enumerated() {
              for x in 0..<width { across[start + x] += weight * row[x + k] }
            }
          }
        }
      }
    }
    var down = [Float](repeating: 0, count: plane.count)
    across.withUnsafeBufferPointer { across in
      down.withUnsafeMutableBufferPointer { down in
        for y in 0..<height {
          for (k, weight) in kernel.enumerated() {
            let from = min(max(y + k - reach, 0), height - 1) * width
            for x in 0..<width { down[y * width + x] += weight * across[from + x] }
          }
        }
      }
    }
    return down
  }
}
