import Foundation
import Imaging

/// An image file as it lies on disk, and what kind it is, told by its first bytes.
struct InputFile: Sendable {
  enum Kind: Sendable, Hashable {
    case png, jpeg
    /// Not gzipped, gzipped.
    case nifti, niftiGzip
  }

  var path: String
  var bytes: [UInt8]
  var kind: Kind

  /// - Throws: `ImagingError` where it cannot be read, is too large or of another kind.
  init(path: String) throws {
    self.path = path
    bytes = try Self.read(path, limit: DecodingLimits.standard.maxFileBytes)
    guard let kind = Kind(bytes) else {
      throw ImagingError(.unsupported, "\(path) is no PNG, JPEG or NIfTI-1 file")
    }
    self.kind = kind
  }

  var contentType: String {
    switch kind {
    case .png: "image/png"
    case .jpeg: "image/jpeg"
    case .nifti: "application/x-nifti"
    case .niftiGzip: "application/x-nifti+gzip"
    }
  }

  func image(modality: String?) throws(ImagingError) -> MedicalImage {
    do throws(ImagingError) {
      return try ImageFile.decode(
        bytes, contentType: contentType, modality: modality.map(Modality.init(rawValue:)))
    } catch {
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

extension InputFile.Kind {
  init?(_ bytes: [UInt8]) {
    if bytes.starts(with: [0x89, 0x50, 0x4e, 0x47]) {
      self = .png
    } else if bytes.starts(with: [0xff, 0xd8, 0xff]) {
      self = .jpeg
    } else if bytes.starts(with: [0x1f, 0x8b]) {
      self = .niftiGzip
    } else if bytes.starts(with: [0x5c, 1, 0, 0]) || bytes.starts(with: [0, 0, 1, 0x5c]) {
      self = .nifti
    } else {
      return nil
    }
  }
}
