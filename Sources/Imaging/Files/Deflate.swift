import CDeflate

/// zlib on whole buffers.
enum Deflate {
  /// The first `count` bytes that a gzip file or zlib stream holds.
  ///
  /// Deflate shrinks to a thousandth at best: what promises more is refused before anything is allocated.
  static func inflate(
    _ bytes: ArraySlice<UInt8>, count: Int
  ) throws(ImagingError) -> [UInt8] {
    guard count <= bytes.count * 1040 + 1040 else {
      throw ImagingError(
        .malformed, "\(bytes.count) compressed bytes cannot hold the \(count) that are promised")
    }
    var status: Int32 = 0
    let inflated = [UInt8](unsafeUninitializedCapacity: count) { out, filled in
      status = bytes.withUnsafeBufferPointer {
        cdeflate_inflate($0.baseAddress, $0.count, out.baseAddress, count)
      }
      filled = status == 0 ? count : 0
    }
    guard status == 0 else {
      throw ImagingError(
        .malformed,
        status > 0 ? "the compressed data end early" : "the compressed data are damaged")
    }
    return inflated
  }

  static func deflate(_ bytes: [UInt8], asGzip: Bool) throws(ImagingError) -> [UInt8] {
    let bound = cdeflate_bound(bytes.count)
    var failed = false
    let deflated = [UInt8](unsafeUninitializedCapacity: bound) { out, filled in
      failed =
        cdeflate_deflate(bytes, bytes.count, asGzip ? 1 : 0, out.baseAddress, bound, &filled) != 0
      if failed { filled = 0 }
    }
    guard !failed else { throw ImagingError(.unwritable, "the data cannot be compressed") }
    return deflated
  }
}
