import CNIfTI

/// NIfTI-1 files (https://nifti.nimh.nih.gov): one `.nii`, or gzipped, of two or three axes.
public enum NIfTIFile {
  /// Decodes a file that stands in memory.
  static func image(
    _ bytes: [UInt8], modality: Modality?, intensity: Intensity?, limits: DecodingLimits
  ) throws(ImagingError) -> MedicalImage {
    let (info, samples) = try decode(bytes, limits: limits)
    let size = info.size
    let signed = info.is_signed != 0
    let a = info.affine
    return MedicalImage(
      width: Int(size.0), height: Int(size.1), depth: Int(size.2), samples: samples,
      affine: Affine(rows: [
        [a.0, a.1, a.2, a.3], [a.4, a.5, a.6, a.7], [a.8, a.9, a.10, a.11], [0, 0, 0, 1],
      ]),
      modality: modality,
      intensity: intensity ?? (modality == .ct && signed ? .hounsfield : .raw),
      isVolume: info.rank == 3, hasSpacing: info.has_affine != 0 || info.has_spacing != 0)
  }

  static func labels(_ bytes: [UInt8], limits: DecodingLimits) throws(ImagingError) -> LabelMap {
    try LabelMap(image(bytes, modality: nil, intensity: nil, limits: limits))
  }

  private static func decode(
    _ bytes: [UInt8], limits: DecodingLimits
  ) throws(ImagingError) -> (info: cnifti_info, samples: [Float]) {
    var info = cnifti_info()
    var problem: (status: Int32, message: String)?
    let samples: [Float] = bytes.withUnsafeBufferPointer { file in
      var reader: OpaquePointer?
      problem = failure {
        cnifti_open(
          file.baseAddress, file.count, UInt64(clamping: limits.maxVoxels), &reader, &info, $0, $1)
      }
      guard problem == nil, let reader else { return [] }
      defer { cnifti_close(reader) }
      let count = Int(info.voxels)
      return [Float](unsafeUninitializedCapacity: count) { out, filled in
        problem = failure {
          cnifti_read_floats(reader, out.baseAddress, UInt64(count), $0, $1)
        }
        filled = problem == nil ? count : 0
      }
    }
    if let problem {
      let code: ImagingError.Code =
        switch problem.status {
        case Int32(CNIFTI_UNSUPPORTED): .unsupported
        case Int32(CNIFTI_TOO_LARGE): .tooLarge
        default: .malformed
        }
      throw ImagingError(code, "NIfTI: \(problem.message)")
    }
    return (info, samples)
  }
}
