/// Pictures and masks as PNG.
extension ImageFile {
  /// Encodes gray levels, row by row.
  public static func encodePNG(
    gray pixels: [UInt8], width: Int, height: Int
  ) throws(ImagingError) -> [UInt8] {
    try encoded(pixels, width: width, height: height, channels: 1, bits: 8)
  }

  /// Encodes colours, `R G B` a pixel, row by row.
  public static func encodePNG(
    rgb pixels: [UInt8], width: Int, height: Int
  ) throws(ImagingError) -> [UInt8] {
    try encoded(pixels, width: width, height: height, channels: 3, bits: 8)
  }

  /// Encodes one slice of labels: as 8-bit gray where all are under 256, else 16-bit; with a
  /// palette (`[R, G, B]` by label, at most 256) as indices that any viewer shows in colour.
  public static func encodePNG(
    labels map: LabelMap, palette: [[UInt8]]? = nil
  ) throws(ImagingError) -> [UInt8] {
    guard map.depth == 1 else {
      throw ImagingError(.mismatch, "a PNG holds one slice; write \(map.depth) of them as NIfTI")
    }
    let largest = Int(map.labels.max() ?? 0)
    var flat: [UInt8]?
    if let palette {
      guard palette.count <= 256, palette.allSatisfy({ $0.count == 3 }), largest < palette.count
      else { throw ImagingError(.mismatch, "the palette has no colour for label \(largest)") }
      flat = Array(palette.joined())
    }
    if largest > 255 {
      return try encoded(
        map.labels, width: map.width, height: map.height, channels: 1, bits: 16)
    }
    return try encoded(
      map.labels.map { UInt8(truncatingIfNeeded: $0) }, width: map.width, height: map.height,
      channels: 1, bits: 8, palette: flat)
  }

  public static func writePNG(
    gray pixels: [UInt8], width: Int, height: Int, path: String
  ) throws(ImagingError) {
    try FileBytes.write(encodePNG(gray: pixels, width: width, height: height), to: path)
  }

  public static func writePNG(
    rgb pixels: [UInt8], width: Int, height: Int, path: String
  ) throws(ImagingError) {
    try FileBytes.write(encodePNG(rgb: pixels, width: width, height: height), to: path)
  }

  public static func writePNG(
    labels map: LabelMap, palette: [[UInt8]]? = nil, path: String
  ) throws(ImagingError) {
    try FileBytes.write(encodePNG(labels: map, palette: palette), to: path)
  }

  /// Writes a mask of one slice as gray levels 0 and `level`.
  public static func writePNG(
    mask: BinaryMask, level: UInt8 = 255, path: String
  ) throws(ImagingError) {
    guard mask.depth == 1 else {
      throw ImagingError(.mismatch, "a PNG holds one slice; write \(mask.depth) of them as NIfTI")
    }
    try writePNG(
      gray: mask.voxels.map { $0 == 0 ? 0 : level }, width: mask.width, height: mask.height,
      path: path)
  }

  private static func encoded<Sample: BitwiseCopyable>(
    _ samples: [Sample], width: Int, height: Int, channels: Int, bits: Int,
    palette: [UInt8]? = nil
  ) throws(ImagingError) -> [UInt8] {
    let result = samples.withUnsafeBytes { buffer -> Result<[UInt8], ImagingError> in
      do throws(ImagingError) {
        return .success(
          try PNGCoder.encode(
            buffer, width: width, height: height, channels: channels, bits: bits, palette: palette)
        )
      } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }
}
