/// A slice with masks drawn over it, for people to look at.
public enum Overlay {
  public struct Layer: Sendable {
    public var mask: BinaryMask
    /// What the legend says; ASCII.
    public var name: String
    /// RGB, 0 to 255.
    public var color: [UInt8]
    public init(mask: BinaryMask, name: String, color: [UInt8]) {
      self.mask = mask
      self.name = name
      self.color = color.count == 3 ? color : [255, 255, 0]
    }
  }

  /// Draws one slice: each mask tinted, its border in full colour, a legend on the right.
  ///
  /// - Parameters:
  ///   - image: gray (HU in a soft-tissue window, else between percentiles) or colour.
  ///   - slice: along k, of the image and the masks alike.
  ///   - legend: whether to name the layers.
  ///   - minimumSide: a smaller picture is enlarged by a whole factor to at least this.
  public static func render(
    _ image: MedicalImage, slice: Int = 0, layers: [Layer], legend: Bool = true,
    minimumSide: Int = 384
  ) throws(ImagingError) -> Picture {
    for layer in layers
    where layer.mask.width != image.width || layer.mask.height != image.height
      || layer.mask.depth != image.depth
    {
      throw ImagingError(.mismatch, "the mask of \(layer.name) is not on the image's grid")
    }
    let planes = try NetworkInput.displayPlanes(image, slice: slice)
    let longest = max(image.width, image.height)
    let factor = max(1, (max(minimumSide, 1) + longest - 1) / longest)
    guard longest * factor <= 1 << 14 else {
      throw ImagingError(.tooLarge, "no picture of \(longest) pixels a side")
    }
    let (width, height) = (image.width * factor, image.height * factor)
    let scale = max(1, min(width, height) / 256)
    let panel = legend && !layers.isEmpty ? legendWidth(layers, scale: scale) : 0
    let lines = layers.count * lineHeight(scale) + 2 * margin(scale)
    var picture = Picture(
      width: width + panel, height: panel > 0 ? max(height, lines) : height, color: background)
    let scaled = planes.map {
      Resampling.resize(
        $0, width: image.width, height: image.height, toWidth: width, toHeight: height) ?? []
    }
    for y in 0..<height {
      for x in 0..<width {
        let at = y * width + x
        picture.set(
          x, y, (0..<3).map { UInt8((scaled[scaled.count == 1 ? 0 : $0][at] * 255).rounded()) })
      }
    }
    for layer in layers { draw(layer, slice: slice, factor: factor, on: &picture) }
    if panel > 0 {
      for (n, layer) in layers.enumerated() {
        let top = margin(scale) + n * lineHeight(scale)
        let left = width + margin(scale)
        let box = BitmapFont.height * scale
        for y in 0..<box { for x in 0..<box { picture.set(left + x, top + y, layer.color) } }
        picture.draw(
          layer.name, x: left + box + margin(scale), y: top, color: [235, 235, 235], scale: scale)
      }
    }
    return picture
  }

  private static let background: [UInt8] = [18, 20, 24]
  private static func margin(_ scale: Int) -> Int { 6 * scale }
  private static func lineHeight(_ scale: Int) -> Int { 11 * scale }
  private static func legendWidth(_ layers: [Layer], scale: Int) -> Int {
    let letters = layers.map { min($0.name.unicodeScalars.count, 60) }.max() ?? 0
    return 3 * margin(scale) + BitmapFont.height * scale + letters * BitmapFont.advance * scale
  }

  private static func draw(
    _ layer: Layer, slice: Int, factor: Int, on picture: inout Picture
  ) {
    let (mask, start) = (layer.mask, slice * layer.mask.width * layer.mask.height)
    func isSet(_ x: Int, _ y: Int) -> Bool {
      x >= 0 && y >= 0 && x < mask.width && y < mask.height
        && mask.voxels[start + y * mask.width + x] != 0
    }
    for y in 0..<mask.height {
      for x in 0..<mask.width where isSet(x, y) {
        let (left, right) = (!isSet(x - 1, y), !isSet(x + 1, y))
        let (up, down) = (!isSet(x, y - 1), !isSet(x, y + 1))
        for v in 0..<factor {
          for u in 0..<factor {
            // A border one picture pixel thin, on whichever sides are free.
            let edge =
              left && u == 0 || right && u == factor - 1 || up && v == 0
              || down && v == factor - 1
            picture.blend(x * factor + u, y * factor + v, layer.color, edge ? 1 : 0.3)
          }
        }
      }
    }
  }
}
