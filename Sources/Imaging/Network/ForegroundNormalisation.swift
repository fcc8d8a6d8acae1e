/// SegVol's preprocessing of CT (arXiv 2311.13385, its section on data): of a volume, the foreground
/// is what lies above the mean; its 0.05 and 99.95 percentiles clip; its mean and standard deviation
/// make scores of everything.
///
/// The model that is shipped sees windows of HU instead (`NetworkInput.windows`).
public struct ForegroundNormalisation: Sendable, Hashable {
  /// Of the foreground: where values are clipped, in the volume's own numbers.
  public let low: Float, high: Float
  /// Of the foreground before it is clipped; the deviation is that of all of it (divided by n).
  public let mean: Float, deviation: Float

  public static let percentiles = (low: 0.05, high: 99.95)

  /// - Parameter samples: of a whole volume, in any order. NaN and infinities count as not there.
  /// - Returns: nil where no voxel lies above the mean: all are the same, or none is a number.
  public init?(_ samples: [Float]) {
    var (sum, count) = (0.0, 0)
    for value in samples where value.isFinite {
      sum += Double(value)
      count += 1
    }
    guard count > 0 else { return nil }
    let threshold = sum / Double(count)
    let foreground = samples.filter { $0.isFinite && Double($0) > threshold }
    var order = OrderStatistics(foreground)
    guard let low = order.percentile(Self.percentiles.low),
      let high = order.percentile(Self.percentiles.high)
    else { return nil }
    // Twice through, in double: a volume has 10⁸ voxels.
    var total = 0.0
    for value in foreground { total += Double(value) }
    let mean = total / Double(foreground.count)
    var squares = 0.0
    for value in foreground {
      squares += (Double(value) - mean) * (Double(value) - mean)
    }
    self.low = low
    self.high = high
    self.mean = Float(mean)
    deviation = Float((squares / Double(foreground.count)).squareRoot())
  }

  /// A value's score; what is no number counts as the lowest. Where the foreground is all the same,
  /// the deviation is taken as 1.
  public func score(_ value: Float) -> Float {
    let clipped = value.isNaN ? low : min(max(value, low), high)
    return (clipped - mean) / (deviation > 0 ? deviation : 1)
  }

  public func scores(_ samples: [Float]) -> [Float] { samples.map(score) }
}
