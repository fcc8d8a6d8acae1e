import CNIfTI

/// Writing. Files are whole or not there (written beside, then renamed); a path that ends in `.gz`
/// is gzipped. sform holds the affine, rounded to Float as the format does; qform too unless sheared.
extension NIfTIFile {
  /// NIfTI's numbers for the types that are written here.
  enum Datatype: Int32 {
    case uint8 = 2
    case int16 = 4
    case float32 = 16
    case uint16 = 512
  }

  /// Writes labels, in one byte each where all are under 256, else in two.
  public static func write(
    labels map: LabelMap, affine: Affine, isVolume: Bool = true, path: String
  ) throws(ImagingError) {
    let size = [map.width, map.height, map.depth]
    if map.labels.allSatisfy({ $0 < 256 }) {
      try write(
        map.labels.map { UInt8(truncatingIfNeeded: $0) }, .uint8, size, affine, isVolume, path)
    } else {
      try write(map.labels, .uint16, size, affine, isVolume, path)
    }
  }

  /// Writes a mask as bytes 0 and 1.
  public static func write(
    mask: BinaryMask, affine: Affine, isVolume: Bool = true, path: String
  ) throws(ImagingError) {
    try write(
      mask.voxels, .uint8, [mask.width, mask.height, mask.depth], affine, isVolume, path)
  }

  /// Writes a gray volume: as Int16 where every sample is a whole number that fits, else as Float32.
  public static func write(_ volume: MedicalImage, path: String) throws(ImagingError) {
    guard volume.channels == 1 else {
      throw ImagingError(.unsupported, "colour is not written as NIfTI; write a PNG")
    }
    let size = [volume.width, volume.height, volume.depth]
    if volume.samples.allSatisfy({ Int16(exactly: $0) != nil }) {
      try write(
        volume.samples.map { Int16($0) }, .int16, size, volume.affine, volume.isVolume, path)
    } else {
      try write(volume.samples, .float32, size, volume.affine, volume.isVolume, path)
    }
  }

  private static func write<Sample: BitwiseCopyable>(
    _ samples: [Sample], _ type: Datatype, _ size: [Int], _ affine: Affine, _ isVolume: Bool,
    _ path: String
  ) throws(ImagingError) {
    guard size.allSatisfy({ (1...32767).contains($0) }), isVolume || size[2] == 1 else {
      throw ImagingError(.mismatch, "NIfTI-1 holds 1 to 32767 voxels an axis, not \(size)")
    }
    guard affine.rows.count == 4, affine.rows.allSatisfy({ $0.count == 4 }) else {
      throw ImagingError(.mismatch, "an affine has four rows of four numbers")
    }
    var header = [UInt8](repeating: 0, count: 352)
    guard
      cnifti_header(
        type.rawValue, isVolume ? 3 : 2, size.map { UInt32($0) }, affine.rows.flatMap { $0 },
        &header) == 0
    else { throw ImagingError(.unwritable, "\(path): out of memory") }
    samples.withUnsafeBytes { header.append(contentsOf: $0) }
    try FileBytes.write(path.hasSuffix(".gz") ? gzipped(header, path) : header, to: path)
  }

  private static func gzipped(_ bytes: [UInt8], _ path: String) throws(ImagingError) -> [UInt8] {
    var failed = false
    let bound = cnifti_gzip_bound(bytes.count)
    let zipped = [UInt8](unsafeUninitializedCapacity: bound) { out, count in
      failed = cnifti_gzip(bytes, bytes.count, out.baseAddress, bound, &count) != 0
      if failed { count = 0 }
    }
    guard !failed else { throw ImagingError(.unwritable, "\(path): gzip failed") }
    return zipped
  }
}
