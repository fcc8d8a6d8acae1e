/// What is needed of one DICOM image file. No name, date or number of the patient is read.
struct DICOMInstance: Sendable {
  let path: String
  let syntax: DICOMTransferSyntax
  let fileSize: Int
  let sopClass: String, sopInstance: String
  let modality: String?
  let study: String?, series: String, frameOfReference: String?
  let seriesNumber: Int?, seriesDescription: String?
  let acquisition: Int?, number: Int?, temporal: Int?
  let rows: Int, columns: Int
  let pixels: DICOMPixels
  /// One a frame.
  let planes: [DICOMPlane]

  /// - Throws: also for files that are DICOM and no image: `unsupported`.
  init(path: String, limits: DecodingLimits) throws(ImagingError) {
    do throws(ImagingError) {
      self = try Self(DICOMHandle(path: path, withPixels: false), path: path, limits: limits)
    } catch {
      throw ImagingError(error.code, "\(path): \(error.message)")
    }
  }

  private init(
    _ file: DICOMHandle, path: String, limits: DecodingLimits
  ) throws(ImagingError) {
    self.path = path
    syntax = file.structure.syntax
    fileSize = file.structure.fileSize
    guard fileSize <= limits.maxFileBytes else {
      throw ImagingError(.tooLarge, "\(fileSize) bytes, the limit is \(limits.maxFileBytes)")
    }
    sopClass = file.text(.sopClass) ?? ""
    sopInstance = file.text(.sopInstance) ?? ""
    modality = file.text(.modality)
    study = file.text(.study)
    series = file.text(.series) ?? ""
    frameOfReference = file.text(.frameOfReference)
    seriesNumber = file.integer(.seriesNumber)
    seriesDescription = file.text(.seriesDescription)
    acquisition = file.integer(.acquisitionNumber)
    number = file.integer(.instanceNumber)
    temporal = file.integer(.temporalPosition)
    guard let rows = file.integer(.rows), let columns = file.integer(.columns) else {
      throw DICOMInstance.noImage
    }
    let frames = file.integer(.frames) ?? 1
    guard (1...65535).contains(rows), (1...65535).contains(columns), frames >= 1 else {
      throw ImagingError(.malformed, "DICOM: \(frames) frames of \(columns)×\(rows) pixels")
    }
    guard frames <= 65536, rows * columns <= limits.maxPixels,
      rows * columns * frames <= limits.maxVoxels
    else {
      throw ImagingError(
        .tooLarge,
        "\(frames) frames of \(columns)×\(rows) pixels; limits are \(limits.maxPixels) pixels a "
          + "frame, \(limits.maxVoxels) in all")
    }
    (self.rows, self.columns) = (rows, columns)
    pixels = try DICOMPixels(file)
    try Self.checkSize(
      syntax, fileSize, frames * pixels.frameBytes(rows: rows, columns: columns),
      mayBeSubsampled: pixels.photometric.hasPrefix("YBR"))
    var planes: [DICOMPlane] = []
    for frame in 0..<frames { planes.append(try DICOMPlane(file, frame: frame)) }
    self.planes = planes
  }

  /// What is not compressed must be in the file, what is, in a thousandth: nothing shrinks to less.
  ///
  /// - Parameter mayBeSubsampled: YBR_FULL_422 has two thirds of the bytes.
  private static func checkSize(
    _ syntax: DICOMTransferSyntax, _ fileSize: Int, _ promised: Int, mayBeSubsampled: Bool
  ) throws(ImagingError) {
    guard syntax.isDecoded else { return }
    let most =
      !syntax.isNative ? fileSize * 1040 : mayBeSubsampled ? fileSize / 2 * 3 + 2 : fileSize
    guard promised <= most else {
      throw ImagingError(
        .malformed, "DICOM: \(fileSize) bytes cannot hold the \(promised) of its pixels")
    }
  }

  /// Reports, structures, presentation states, directories.
  static let noImage = ImagingError(.unsupported, "a DICOM file, but no image")

  /// Segmentations: masks of one bit, no images to segment.
  var isSegmentation: Bool { sopClass == "1.2.840.10008.5.1.4.1.1.66.4" }
}
