import Foundation

/// How strongly training images are varied.
public struct Augmentation: Codable, Sendable, Hashable {
  /// Radians either way.
  public var rotation: Float = 0.26
  /// The zoom's logarithm is uniform in ± this.
  public var zoom: Float = 0.3
  /// Of the side, either way.
  public var shift: Float = 0.1
  public var stretch: Float = 0.1
  /// How often a crop around one object is taken instead, and how close it goes at most
  /// (SegVol's multi-view training, arXiv 2311.13385, section 2.4).
  public var cropChance: Float = 0.25
  public var cropZoom: Float = 3
  public var gamma: Float = 0.3
  public var contrast: Float = 0.2
  public var brightness: Float = 0.1
  public var noise: Float = 0.04
  /// How often an image is left as it is.
  public var plainChance: Float = 0.08
  public init() {}

  /// A random view of a slice.
  ///
  /// - Parameters:
  ///   - focus: a point of an object to crop around, in slice pixels.
  ///   - mirrors: whether left and right may be swapped: only where no category has a side.
  func view(
    of slice: TrainingSlice, size: Int, focus: (x: Float, y: Float)?, mirrors: Bool,
    random: inout SeededRandom
  ) -> Warp {
    if random.chance(plainChance) {
      return .plain(width: slice.width, height: slice.height, size: size)
    }
    let side = Float(max(slice.width, slice.height))
    let angle = random.uniform(-rotation, rotation)
    let stretched = exp(random.uniform(-stretch, stretch))
    let mirror = mirrors && random.chance(0.5)
    if let focus, random.chance(cropChance) {
      let close = exp(random.uniform(0, log(cropZoom)))
      return .view(
        width: slice.width, height: slice.height, size: size, angle: angle, zoom: close,
        stretch: stretched, centre: focus,
        at: (random.uniform(0.25, 0.75), random.uniform(0.25, 0.75)), mirror: mirror)
    }
    // The plain view has the slice in the square's upper left corner: its centre stays there.
    let centre = (x: Float(slice.width) / 2, y: Float(slice.height) / 2)
    let place = (
      x: centre.x / side + random.uniform(-shift, shift),
      y: centre.y / side + random.uniform(-shift, shift)
    )
    return .view(
      width: slice.width, height: slice.height, size: size, angle: angle,
      zoom: exp(random.uniform(-zoom, zoom)), stretch: stretched, centre: centre, at: place,
      mirror: mirror)
  }

  /// Varies grey levels in [0, 1], in place.
  func vary(_ values: inout [Float], plane: Int, channels: Int, random: inout SeededRandom) {
    let power = exp(random.uniform(-gamma, gamma))
    let gain = 1 + random.uniform(-contrast, contrast)
    let lift = random.uniform(-brightness, brightness)
    // One table for all pixels: pow is dear.
    let table = (0...255).map { index -> Float in
      let v = pow(Float(index) / 255, power)
      return min(max((v - 0.5) * gain + 0.5 + lift, 0), 1)
    }
    let grain = random.chance(0.5) ? random.uniform(0, noise) : 0
    for i in 0..<(plane * channels) {
      var v = table[Int(min(max(values[i], 0), 1) * 255)]
      if grain > 0 {
        // The sum of four uniforms is close enough to normal.
        let bits = random.next()
        var sum: Float = 0
        for k in 0..<4 { sum += Float((bits >> (UInt64(k) * 16)) & 0xffff) }
        v += grain * (sum / 65535 - 2) * 1.732
      }
      values[i] = v
    }
  }
}
