import Imaging

/// One slice as Segment Anything's network sees it.
///
/// Gray slices stand in all three colours: HU by the window for soft tissue, as in MedSAM
/// (arXiv 2304.12306), other images by their own range. Resizing is bilinear, averaging where it shrinks
/// (MedSAM's is bicubic, SAM-Med2D's takes the nearest pixel).
enum SAMInput {
  /// - Returns: `[3, S, S]`; what is padded is 0, as Segment Anything pads after it has normalised.
  static func pixels(
    _ viewed: MedicalImage, slice: Int, configuration c: SAMConfiguration
  ) throws(ImagingError) -> [Float] {
    let side = c.imageSize
    let place = try SliceGeometry(viewed, side: side, isStretched: c.isStretched).input
    let (columns, lines) = (place.scaledWidth, place.scaledHeight)
    let planes = try NetworkInput.displayPlanes(viewed, slice: slice).map { plane in
      Resampling.resize(
        plane, width: viewed.width, height: viewed.height, toWidth: columns, toHeight: lines) ?? []
    }
    guard [1, 3].contains(planes.count), planes.allSatisfy({ $0.count == columns * lines }) else {
      throw ImagingError(.mismatch, "the slice cannot be scaled to a square of \(side)")
    }
    let ranges = ranges(planes, c)
    var pixels = [Float](repeating: 0, count: 3 * side * side)
    pixels.withUnsafeMutableBufferPointer { pixels in
      for channel in 0..<3 {
        let (offset, factor) = ranges[channel]
        planes[planes.count == 1 ? 0 : channel].withUnsafeBufferPointer { plane in
          for y in 0..<lines {
            let (to, from) = ((channel * side + y) * side, y * columns)
            for x in 0..<columns { pixels[to + x] = (plane[from + x] - offset) * factor }
          }
        }
      }
    }
    return pixels
  }

  /// Of each channel: what is subtracted of values in 0…1, and what they are multiplied by then.
  private static func ranges(
    _ planes: [[Float]], _ c: SAMConfiguration
  ) -> [(offset: Float, factor: Float)] {
    if c.preprocessing == .medsam {
      let least = planes.compactMap { $0.min() }.min() ?? 0
      let most = planes.compactMap { $0.max() }.max() ?? 1
      return Array(repeating: (least, 1 / max(most - least, 1e-8)), count: 3)
    }
    return zip(c.pixelMean, c.pixelDeviation).map { (Float($0 / 255), Float(255 / $1)) }
  }
}
