import CRaster

/// JPEG by libturbojpeg; baseline and progressive, gray and colour.
enum JPEGCoder {
  static func image(_ bytes: [UInt8], limits: DecodingLimits) throws(ImagingError) -> MedicalImage {
    var info = craster_info()
    if let problem = failure({ craster_jpeg_info(bytes, bytes.count, &info, $0, $1) }) {
      throw ImagingError(.malformed, "JPEG: \(problem.message)")
    }
    try checkPicture(info, file: bytes.count, bytesPerPixel: 1, limits: limits)
    let count = Int(info.width) * Int(info.height) * Int(info.channels)
    var problem: (status: Int32, message: String)?
    let samples = [Float](unsafeUninitializedCapacity: count) { out, filled in
      problem = failure { craster_jpeg_floats(bytes, bytes.count, out.baseAddress, count, $0, $1) }
      filled = problem == nil ? count : 0
    }
    if let problem { throw ImagingError(.malformed, "JPEG: \(problem.message)") }
    return MedicalImage(
      width: Int(info.width), height: Int(info.height), channels: Int(info.channels),
      samples: samples)
  }
}
