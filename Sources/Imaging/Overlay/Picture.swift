/// An 8-bit RGB picture, `[height, width, 3]`.
public struct Picture: Sendable, Hashable {
  public let width: Int, height: Int
  public private(set) var pixels: [UInt8]

  public init(width: Int, height: Int, color: [UInt8] = [0, 0, 0]) {
    self.width = max(width, 0)
    self.height = max(height, 0)
    pixels = (0..<self.width * self.height).flatMap { _ in color[..<3] }
  }

  /// Sets a pixel; outside the picture nothing happens.
  public mutating func set(_ x: Int, _ y: Int, _ color: [UInt8]) {
    guard x >= 0, y >= 0, x < width, y < height, color.count == 3 else { return }
    for c in 0..<3 { pixels[(y * width + x) * 3 + c] = color[c] }
  }

  /// Mixes a colour into a pixel, `amount` 0 to 1.
  public mutating func blend(_ x: Int, _ y: Int, _ color: [UInt8], _ amount: Float) {
    guard x >= 0, y >= 0, x < width, y < height, color.count == 3 else { return }
    for c in 0..<3 {
      let at = (y * width + x) * 3 + c
      let mixed = Float(pixels[at]) * (1 - amount) + Float(color[c]) * amount
      pixels[at] = UInt8(min(max(mixed.rounded(), 0), 255))
    }
  }

  /// Writes ASCII in the built-in font, each font pixel a square of `scale`.
  public mutating func draw(_ text: String, x: Int, y: Int, color: [UInt8], scale: Int = 1) {
    for (n, letter) in text.unicodeScalars.enumerated() {
      for v in 0..<BitmapFont.height * scale {
        for u in 0..<BitmapFont.width * scale
        where BitmapFont.isInk(letter, x: u / scale, y: v / scale) {
          set(x + n * BitmapFont.advance * scale + u, y + v, color)
        }
      }
    }
  }

  public func png() throws(ImagingError) -> [UInt8] {
    try ImageFile.encodePNG(rgb: pixels, width: width, height: height)
  }
}
