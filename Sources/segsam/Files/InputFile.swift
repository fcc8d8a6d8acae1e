import BusProtocol
import Client
import Foundation
import Imaging

/// An image file or a DICOM folder as it lies on disk, and what kind it is.
struct InputFile: Sendable {
  enum Kind: Sendable, Hashable {
    case png, jpeg
    /// Not gzipped, gzipped.
    case nifti, niftiGzip
    case nrrd, metaImage, dicom
  }

  var path: String
  var kind: Kind
  /// Of a file that servers decode themselves; of others nothing.
  var bytes: [UInt8] = []
  private var series: DICOMSeries?
  private var options: DICOMOptions

  /// - Throws: `ImagingError` where it cannot be read, is too large or of another kind, or holds
  ///   several DICOM series of which none was chosen.
  init(path: String, options: DICOMOptions = .standard) throws {
    self.path = path
    self.options = options
    switch try ImageFile.kind(of: path) {
    case .png: kind = .png
    case .jpeg: kind = .jpeg
    case .nifti: kind = .nifti
    case .nrrd: kind = .nrrd
    case .metaImage: kind = .metaImage
    case .dicom:
      kind = .dicom
      let all = try DICOMSeries.find(at: path)
      series = try Self.naming(path) { () throws(ImagingError) in
        try DICOMSeries.choose(options.series, of: all)
      }
    case nil:
      throw ImagingError(
        .unsupported, "\(path) is no PNG, JPEG, NIfTI-1, NRRD, MetaImage or DICOM file")
    }
    guard options == .standard || kind == .dicom else {
      throw ImagingError(
        .mismatch, "\(path) is no DICOM: leave --series, --volume and the like away")
    }
    if contentType != nil {
      bytes = try Self.read(path, limit: DecodingLimits.standard.maxFileBytes)
    }
    if kind == .nifti, bytes.starts(with: [0x1f, 0x8b]) { kind = .niftiGzip }
  }

  /// As which a server decodes it; nil where only its voxels can be sent.
  var contentType: String? {
    switch kind {
    case .png: "image/png"
    case .jpeg: "image/jpeg"
    case .nifti: "application/x-nifti"
    case .niftiGzip: "application/x-nifti+gzip"
    case .nrrd, .metaImage, .dicom: nil
    }
  }

  /// - Parameter modality: instead of what DICOM says; other files say nothing.
  func image(modality: String?) throws(ImagingError) -> MedicalImage {
    let modality = modality.map(Modality.init(rawValue:))
    if let contentType {
      return try Self.naming(path) { () throws(ImagingError) in
        try ImageFile.decode(bytes, contentType: contentType, modality: modality)
      }
    }
    guard let series else { return try ImageFile.read(path: path, modality: modality) }
    return try Self.naming(path) { () throws(ImagingError) in
      try series.image(modality: modality, options: options)
    }
  }

  /// What to send to a server.
  ///
  /// - Parameter image: this file's.
  func source(_ image: MedicalImage) -> ImageSource {
    guard let contentType else { return .voxels(of: image) }
    return .file(bytes, contentType: contentType, modality: image.modality?.rawValue)
  }

  private static func naming<R>(
    _ path: String, _ body: () throws(ImagingError) -> R
  ) throws(ImagingError) -> R {
    do throws(ImagingError) {
      return try body()
    } catch  where !error.message.hasPrefix(path) {
      throw ImagingError(error.code, "\(path): \(error.message)")
    }
  }

  private static func read(_ path: String, limit: Int) throws -> [UInt8] {
    let attributes: [FileAttributeKey: Any]
    do {
      let real = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
      attributes = try FileManager.default.attributesOfItem(atPath: real)
    } catch {
      throw ImagingError(.unreadable, "\(path): no such file, or it may not be read")
    }
    guard attributes[.type] as? FileAttributeType == .typeRegular else {
      throw ImagingError(.unreadable, "\(path) is not a file")
    }
    let size = (attributes[.size] as? NSNumber)?.intValue ?? 0
    guard size <= limit else {
      throw ImagingError(.tooLarge, "\(path) has \(size) bytes, the limit is \(limit)")
    }
    do {
      return Array(try Data(contentsOf: URL(fileURLWithPath: path)))
    } catch {
      throw ImagingError(.unreadable, "\(path) cannot be read")
    }
  }
}

extension ImageSource {
  /// An image's voxels with what they mean and where they lie: gray values as Int16 where all are
  /// whole and fit, which is half of the bytes, colours as bytes.
  static func voxels(of image: MedicalImage) -> ImageSource {
    let isColour = image.channels == 3
    let plane = [image.height, image.width]
    let shape = isColour ? plane + [3] : image.isVolume ? [image.depth] + plane : plane
    let parameters = InputImageParameters(
      layout: isColour ? .hwc : image.isVolume ? .dhw : .hw, modality: image.modality?.rawValue,
      intensity: .init(rawValue: image.intensity.rawValue),
      affine: image.hasSpacing ? image.affine.rows : nil)
    if isColour, image.samples.allSatisfy({ UInt8(exactly: $0) != nil }) {
      return .pixels(
        image.samples.map { UInt8($0) }, datatype: .uint8, shape: shape, parameters: parameters)
    }
    if image.samples.allSatisfy({ Int16(exactly: $0) != nil }) {
      let bytes = image.samples.map { Int16($0).littleEndian }.withUnsafeBytes { Array($0) }
      return .pixels(bytes, datatype: .int16, shape: shape, parameters: parameters)
    }
    let bytes = image.samples.withUnsafeBytes { Array($0) }
    return .pixels(bytes, datatype: .fp32, shape: shape, parameters: parameters)
  }
}
