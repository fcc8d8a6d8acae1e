import Foundation
import Imaging

/// How strongly training images are varied.
public struct Augmentation: Codable, Sendable, Hashable {
  /// Radians either way.
  public var rotation: Float = 0.32
  /// The zoom's logarithm is uniform in ± this.
  public var zoom: Float = 0.36
  /// Of the side, either way.
  public var shift: Float = 0.1
  public var stretch: Float = 0.1
  /// How often a crop around one object is taken instead, and how close it goes at most
  /// (SegVol's multi-view training, arXiv 2311.13385, section 2.4).
  public var cropChance: Float = 0.25
  public var cropZoom: Float = 3
  public var gamma: Float = 0.4
  public var contrast: Float = 0.3
  public var brightness: Float = 0.12
  public var noise: Float = 0.05
  /// How often grey levels are changed by a random rising curve, and the most by which the logarithms of
  /// its steps differ from a straight line's.
  public var curveChance: Float = 0.3
  public var curve: Float = 0.8
  /// How far red, green and blue of a colour image are changed each by itself.
  public var tint: Float = 0.12
  /// How often an image is bent, and how far at most, of the view's side.
  public var bendChance: Float = 0.5
  public var bend: Float = 0.05
  /// How often the grey levels drift over the image as with a coil's sensitivity, and how far.
  public var driftChance: Float = 0.2
  public var drift: Float = 0.35
  /// How often an image is blurred, and the Gaussian's standard deviation at most, in pixels.
  public var blurChance: Float = 0.15
  public var blur: Float = 1.2
  /// How often an image is shrunk and enlarged again, and how far at most.
  public var coarseChance: Float = 0.15
  public var coarse: Float = 2.5
  /// How often an image is left as it is.
  public var plainChance: Float = 0.08
  /// How often a volume's slice is shown as if its neighbours were not known.
  public var alone: Float = 0.15
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

  /// A random elastic deformation of a view, or none.
  func bend(_ warp: Warp, size: Int, random: inout SeededRandom) -> Bend? {
    guard random.chance(bendChance) else { return nil }
    let knots = 2 + random.below(4)
    // A spline's values reach a third of its coefficients or so. Fine bends are small ones.
    let reach = random.unit() * bend * 6 / Float(knots) * warp.step * Float(size)
    func field() -> [Float] {
      SmoothField(knots: knots, random: &random).values(size: size, scale: reach)
    }
    return Bend(x: field(), y: field())
  }

  /// Blurs, coarsens and shades an image `[channels, size, size]`, in place.
  func degrade(
    _ values: inout [Float], size: Int, channels: Int, random: inout SeededRandom
  ) {
    let plane = size * size
    if random.chance(driftChance) {
      let field = SmoothField(knots: 2, random: &random).values(size: size, scale: drift * 2)
      for c in 0..<channels {
        for i in 0..<plane { values[c * plane + i] *= 1 + field[i] }
      }
    }
    let sigma = random.chance(blurChance) ? random.uniform(0.3, blur) : 0
    let small =
      random.chance(coarseChance) ? Int(Float(size) / random.uniform(1.2, coarse)) : size
    guard sigma > 0 || small < size else { return }
    for c in 0..<channels {
      let range = c * plane..<(c + 1) * plane
      var one = Array(values[range])
      if sigma > 0 { one = Self.blurred(one, size: size, sigma: sigma) }
      if small < size,
        let shrunk = Resampling.resize(
          one, width: size, height: size, toWidth: small, toHeight: small),
        let grown = Resampling.resize(
          shrunk, width: small, height: small, toWidth: size, toHeight: size)
      {
        one = grown
      }
      values.replaceSubrange(range, with: one)
    }
  }

  /// Gaussian blur of a square plane; its edge pixels go on outside.
  private static func blurred(_ plane: [Float], size: Int, sigma: Float) -> [Float] {
    let reach = Int((2.5 * sigma).rounded(.up))
    var kernel = (-reach...reach).map { exp(-Float($0 * $0) / (2 * sigma * sigma)) }
    let total = kernel.reduce(0, +)
    for k in kernel.indices { kernel[k] /= total }
    var across = [Float](repeating: 0, count: plane.count)
    var down = across
    for y in 0..<size {
      for (k, weight) in kernel.enumerated() {
        for x in 0..<size {
          across[y * size + x] +=
            weight * plane[y * size + min(max(x + k - reach, 0), size - 1)]
        }
      }
    }
    for y in 0..<size {
      for (k, weight) in kernel.enumerated() {
        let from = min(max(y + k - reach, 0), size - 1) * size
        for x in 0..<size { down[y * size + x] += weight * across[from + x] }
      }
    }
    return down
  }

  /// Of 256 grey levels the new ones, from 0 to 1: straight between six knots.
  private func risingCurve(random: inout SeededRandom) -> [Float] {
    var knots: [Float] = [0]
    for _ in 0..<5 { knots.append(knots.last! + exp(random.uniform(-curve, curve))) }
    return (0...255).map { index in
      let at = Float(index) / 255 * 5
      let k = min(Int(at), 4)
      return (knots[k] + (at - Float(k)) * (knots[k + 1] - knots[k])) / knots[5]
    }
  }

  /// Varies grey levels in [0, 1], in place.
  func vary(
    _ values: inout [Float], plane: Int, channels: Int, isColour: Bool = false,
    random: inout SeededRandom
  ) {
    let curve = random.chance(curveChance) ? risingCurve(random: &random) : nil
    if isColour {
      for c in 0..<channels {
        let gain = exp(random.uniform(-tint, tint))
        for i in c * plane..<(c + 1) * plane { values[i] *= gain }
      }
    }
    let power = exp(random.uniform(-gamma, gamma))
    let gain = 1 + random.uniform(-contrast, contrast)
    let lift = random.uniform(-brightness, brightness)
    // One table for all pixels: pow is dear.
    let table = (0...255).map { index -> Float in
      let v = pow(curve?[index] ?? Float(index) / 255, power)
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
