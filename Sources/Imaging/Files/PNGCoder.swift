import CRaster

/// PNG by libpng.
enum PNGCoder {
  static func image(_ bytes: [UInt8], limits: DecodingLimits) throws(ImagingError) -> MedicalImage {
    let info = try header(bytes, asLabels: false, limits: limits)
    let count = Int(info.width) * Int(info.height) * Int(info.channels)
    var problem: (status: Int32, message: String)?
    let samples = [Float](unsafeUninitializedCapacity: count) { out, filled in
      problem = failure { craster_png_floats(bytes, bytes.count, out.baseAddress, count, $0, $1) }
      filled = problem == nil ? count : 0
    }
    if let problem { throw ImagingError(.malformed, "PNG: \(problem.message)") }
    return MedicalImage(
      width: Int(info.width), height: Int(info.height), channels: Int(info.channels),
      samples: samples)
  }

  static func labels(_ bytes: [UInt8], limits: DecodingLimits) throws(ImagingError) -> LabelMap {
    let info = try header(bytes, asLabels: true, limits: limits)
    guard info.channels == 1 else {
      throw ImagingError(.unsupported, "a colour PNG holds no labels; save them as gray levels")
    }
    let count = Int(info.width) * Int(info.height)
    var problem: (status: Int32, message: String)?
    let labels = [UInt16](unsafeUninitializedCapacity: count) { out, filled in
      problem = failure { craster_png_labels(bytes, bytes.count, out.baseAddress, count, $0, $1) }
      filled = problem == nil ? count : 0
    }
    if let problem { throw ImagingError(.malformed, "PNG: \(problem.message)") }
    return LabelMap(width: Int(info.width), height: Int(info.height), labels: labels)
  }

  private static func header(
    _ bytes: [UInt8], asLabels: Bool, limits: DecodingLimits
  ) throws(ImagingError) -> craster_info {
    var info = craster_info()
    if let problem = failure({
      craster_png_info(bytes, bytes.count, asLabels ? 1 : 0, &info, $0, $1)
    }) {
      throw ImagingError(.malformed, "PNG: \(problem.message)")
    }
    try checkPicture(info, file: bytes.count, bytesPerPixel: Int(info.bits) / 8, limits: limits)
    return info
  }

  /// Encodes samples that lie row by row; `channels` 1 or 3, 8 bits, or 16 bits gray.
  static func encode(
    _ samples: UnsafeRawBufferPointer, width: Int, height: Int, channels: Int, bits: Int,
    palette: [UInt8]? = nil
  ) throws(ImagingError) -> [UInt8] {
    let expected = width.multipliedReportingOverflow(by: height * channels * bits / 8)
    guard (1...(1 << 20)).contains(width), (1...(1 << 20)).contains(height),
      expected.partialValue == samples.count
    else {
      throw ImagingError(.mismatch, "\(samples.count) bytes are no picture of \(width)×\(height)")
    }
    var encoded: UnsafeMutablePointer<UInt8>?
    var size = 0
    let problem = failure {
      craster_png_encode(
        samples.baseAddress, UInt32(width), UInt32(height), UInt32(channels), UInt32(bits),
        palette, UInt32((palette?.count ?? 0) / 3), &encoded, &size, $0, $1)
    }
    defer { craster_free(encoded) }
    if let problem { throw ImagingError(.mismatch, "PNG: \(problem.message)") }
    return Array(UnsafeBufferPointer(start: encoded, count: size))
  }
}

/// Refuses a picture over the limit, or one whose bytes cannot decode to its size.
///
/// Deflate and JPEG's entropy coding both shrink to about a thousandth at best.
func checkPicture(
  _ info: craster_info, file: Int, bytesPerPixel: Int, limits: DecodingLimits
) throws(ImagingError) {
  let pixels = Int(info.width) * Int(info.height)
  guard pixels > 0 else { throw ImagingError(.malformed, "a picture without pixels") }
  guard pixels <= limits.maxPixels else {
    throw ImagingError(
      .tooLarge, "\(info.width)×\(info.height) pixels, the limit is \(limits.maxPixels)")
  }
  guard pixels * max(bytesPerPixel, 0) <= file * 1040 + 4096 else {
    throw ImagingError(.malformed, "the file is too short for \(info.width)×\(info.height) pixels")
  }
}
