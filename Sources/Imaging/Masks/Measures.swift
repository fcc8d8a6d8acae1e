/// Sizes in millimetres.
extension Affine {
  /// Of a voxel, in millilitres.
  public var voxelVolume: Double { abs(determinant) / 1000 }

  /// Of a pixel in the plane of i and j, in square centimetres.
  public var pixelArea: Double {
    let u: [Double] = rows.map { $0[0] }
    let v: [Double] = rows.map { $0[1] }
    let cross: [Double] = [
      u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0],
    ]
    return cross.reduce(0) { $0 + $1 * $1 }.squareRoot() / 100
  }
}

extension BinaryMask {
  /// In millilitres.
  public func volume(_ affine: Affine) -> Double { Double(count) * affine.voxelVolume }
  /// In square centimetres; of a mask of one slice.
  public func area(_ affine: Affine) -> Double { Double(count) * affine.pixelArea }
}

/// Mean and spread of an image's samples under a mask.
public struct IntensityStatistics: Sendable, Hashable {
  public var count: Int
  public var mean: Double
  /// Of the voxels as they are (divided by n).
  public var standardDeviation: Double
  public var minimum: Double, maximum: Double

  /// Samples that are not finite do not count; of colour, the mean of the three channels.
  ///
  /// - Returns: nil where nothing is under the mask, or the grids differ.
  public init?(_ image: MedicalImage, under mask: BinaryMask) {
    guard image.voxelCount == mask.voxels.count, image.width == mask.width,
      image.height == mask.height
    else { return nil }
    let (samples, channels) = (image.samples, image.channels)
    var (n, mean, spread) = (0, 0.0, 0.0)
    var (least, most) = (Double.infinity, -Double.infinity)
    for (at, set) in mask.voxels.enumerated() where set != 0 {
      var value = 0.0
      for c in 0..<channels { value += Double(samples[at * channels + c]) }
      value /= Double(channels)
      guard value.isFinite else { continue }
      // Welford's running moments: no cancellation in large offsets.
      n += 1
      let off = value - mean
      mean += off / Double(n)
      spread += off * (value - mean)
      least = min(least, value)
      most = max(most, value)
    }
    guard n > 0 else { return nil }
    count = n
    self.mean = mean
    standardDeviation = (spread / Double(n)).squareRoot()
    minimum = least
    maximum = most
  }
}
