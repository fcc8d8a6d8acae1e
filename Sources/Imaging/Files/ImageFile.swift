/// Images and masks in files: PNG, JPEG, NIfTI-1 (`.nii`, `.nii.gz`), NRRD, MetaImage, and DICOM
/// files and folders.
///
/// What a file holds is told by its first bytes; only MetaImage has none that are its own, so that its
/// name counts too.
public enum ImageFile {
  /// The content types that `decode` takes.
  public static let contentTypes = [
    "image/png", "image/jpeg", "application/x-nifti", "application/x-nifti+gzip",
  ]

  enum Format: String {
    case png = "PNG"
    case jpeg = "JPEG"
    case nifti = "NIfTI"

    /// By the first bytes; nil for nothing that is known.
    init?(sniffing bytes: [UInt8]) {
      if bytes.starts(with: [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]) {
        self = .png
      } else if bytes.starts(with: [0xff, 0xd8, 0xff]) {
        self = .jpeg
      } else if bytes.starts(with: [0x1f, 0x8b]) || bytes.starts(with: [0x5c, 1, 0, 0])
        || bytes.starts(with: [0, 0, 1, 0x5c]) || bytes.starts(with: [0x1c, 2, 0, 0])
      {
        self = .nifti
      } else {
        return nil
      }
    }

    init?(contentType: String) {
      switch contentType.lowercased() {
      case "image/png": self = .png
      case "image/jpeg": self = .jpeg
      case "application/x-nifti", "application/x-nifti+gzip": self = .nifti
      default: return nil
      }
    }
  }

  /// Reads an image from a file, or a DICOM series from a folder.
  ///
  /// - Parameters:
  ///   - modality: what made it, since only DICOM says so.
  ///   - intensity: what its numbers mean; nil: `hounsfield` for a CT whose samples are signed (in
  ///     DICOM: rescaled), else `raw`.
  ///   - dicom: what to take where DICOM files leave a choice.
  public static func read(
    path: String, modality: Modality? = nil, intensity: Intensity? = nil,
    dicom: DICOMOptions = .standard, limits: DecodingLimits = .standard
  ) throws(ImagingError) -> MedicalImage {
    if try kind(of: path) == .dicom {
      let all = try DICOMSeries.find(at: path, limits: limits)
      do throws(ImagingError) {
        return try DICOMSeries.choose(dicom.series, of: all).image(
          modality: modality, intensity: intensity, options: dicom, limits: limits)
      } catch  where !error.message.hasPrefix(path) {
        throw ImagingError(error.code, "\(path): \(error.message)")
      }
    }
    let bytes = try FileBytes.read(path, limit: limits.maxFileBytes)
    do throws(ImagingError) {
      if let grid = try grid(bytes, path) {
        return try grid.image(
          bytes, path: path, modality: modality, intensity: intensity, limits: limits)
      }
      guard let format = Format(sniffing: bytes) else {
        throw ImagingError(.unsupported, "no PNG, JPEG, NIfTI-1, NRRD, MetaImage or DICOM file")
      }
      return try decode(
        bytes, as: format, modality: modality, intensity: intensity, limits: limits)
    } catch {
      throw ImagingError(error.code, "\(path): \(error.message)")
    }
  }

  /// Decodes an image that came as a whole file, of one of `contentTypes`.
  public static func decode(
    _ bytes: [UInt8], contentType: String, modality: Modality? = nil,
    intensity: Intensity? = nil, limits: DecodingLimits = .standard
  ) throws(ImagingError) -> MedicalImage {
    let format = try checkedFormat(bytes, contentType: contentType)
    return try decode(bytes, as: format, modality: modality, intensity: intensity, limits: limits)
  }

  /// The header of an NRRD or MetaImage file; nil for others.
  private static func grid(
    _ bytes: [UInt8], _ path: String
  ) throws(ImagingError) -> GridHeader? {
    if NRRDHeader.isNRRD(bytes) { return try NRRDHeader.read(bytes) }
    guard Format(sniffing: bytes) == nil, MetaImageHeader.isMetaImage(bytes, path: path) else {
      return nil
    }
    return try MetaImageHeader.read(bytes)
  }

  /// Reads a mask: the values of a gray PNG, the indices of a palette PNG, the voxels of a NIfTI, an
  /// NRRD or a MetaImage.
  public static func readLabels(
    path: String, limits: DecodingLimits = .standard
  ) throws(ImagingError) -> LabelMap {
    let bytes = try FileBytes.read(path, limit: limits.maxFileBytes)
    do throws(ImagingError) {
      if let grid = try grid(bytes, path) {
        return try LabelMap(
          grid.image(bytes, path: path, modality: nil, intensity: nil, limits: limits))
      }
      switch Format(sniffing: bytes) {
      case .png: return try PNGCoder.labels(bytes, limits: limits)
      case .nifti: return try NIfTIFile.labels(bytes, limits: limits)
      case .jpeg:
        throw ImagingError(.unsupported, "a JPEG cannot hold labels exactly; save them as PNG")
      case nil: throw ImagingError(.unsupported, "no PNG, NIfTI-1, NRRD or MetaImage file")
      }
    } catch {
      throw ImagingError(error.code, "\(path): \(error.message)")
    }
  }

  static func checkedFormat(
    _ bytes: [UInt8], contentType: String
  ) throws(ImagingError) -> Format {
    guard let format = Format(contentType: contentType) else {
      throw ImagingError(
        .unsupported,
        "content type \(contentType) is not one of \(contentTypes.joined(separator: ", "))")
    }
    guard format == Format(sniffing: bytes) else {
      throw ImagingError(.malformed, "the bytes are no \(format.rawValue) file")
    }
    return format
  }

  private static func decode(
    _ bytes: [UInt8], as format: Format, modality: Modality?, intensity: Intensity?,
    limits: DecodingLimits
  ) throws(ImagingError) -> MedicalImage {
    switch format {
    case .nifti:
      return try NIfTIFile.image(
        bytes, modality: modality, intensity: intensity, limits: limits)
    case .png, .jpeg:
      var image =
        format == .png
        ? try PNGCoder.image(bytes, limits: limits) : try JPEGCoder.image(bytes, limits: limits)
      image.modality = modality
      image.intensity = intensity ?? .raw
      return image
    }
  }
}
