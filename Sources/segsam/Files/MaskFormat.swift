import ArgumentParser
import Imaging

/// How masks are written: in the format and geometry that the image came in. A JPEG's masks are
/// PNG, since JPEG would blur them; a DICOM series' are NIfTI.
struct MaskFormat: Sendable {
  enum Container: String, Sendable, Hashable, CaseIterable, ExpressibleByArgument {
    case png = "png"
    case nifti = "nii"
    case niftiGzip = "nii.gz"
    case nrrd = "nrrd"
    case metaImage = "mha"
  }

  let container: Container
  let image: MedicalImage

  /// - Parameter chosen: instead of the input's.
  init(kind: InputFile.Kind, image: MedicalImage, chosen: Container? = nil) {
    self.image = image
    let usual: Container =
      switch kind {
      case .png, .jpeg: .png
      case .nifti: .nifti
      case .niftiGzip, .dicom: .niftiGzip
      case .nrrd: .nrrd
      case .metaImage: .metaImage
      }
    container = chosen ?? usual
  }

  var fileExtension: String { container.rawValue }

  func write(_ mask: BinaryMask, to path: String) throws(ImagingError) {
    let affine = image.affine
    switch container {
    case .png: try ImageFile.writePNG(mask: mask, path: path)
    case .nifti, .niftiGzip:
      try NIfTIFile.write(mask: mask, affine: affine, isVolume: image.isVolume, path: path)
    case .nrrd: try NRRDFile.write(mask: mask, affine: affine, path: path)
    case .metaImage: try MetaImageFile.write(mask: mask, affine: affine, path: path)
    }
  }

  /// - Parameter colors: of label 1, 2, …
  func write(_ labels: LabelMap, colors: [[UInt8]], to path: String) throws(ImagingError) {
    let affine = image.affine
    switch container {
    case .png:
      let palette = colors.count < 256 ? [[0, 0, 0]] + colors : nil
      try ImageFile.writePNG(labels: labels, palette: palette, path: path)
    case .nifti, .niftiGzip:
      try NIfTIFile.write(labels: labels, affine: affine, isVolume: image.isVolume, path: path)
    case .nrrd: try NRRDFile.write(labels: labels, affine: affine, path: path)
    case .metaImage: try MetaImageFile.write(labels: labels, affine: affine, path: path)
    }
  }
}

/// Names of mask files: the category's id, numbered where it stands twice.
enum MaskNames {
  /// - Parameter categories: of each query; nil for a query without one.
  static func make(_ categories: [String?], isFreeText: [Bool]) -> [String] {
    var taken: Set<String> = ["semantic_mask", "overlay", "result"]
    return zip(categories, isFreeText).map { category, isFreeText in
      let base = safe(isFreeText ? "free_text" : category ?? "object")
      var (name, number) = (base, 1)
      while !taken.insert(name).inserted {
        number += 1
        name = "\(base)-\(number)"
      }
      return name
    }
  }

  /// A server's ids are names of files only if they look like ids.
  static func safe(_ id: String) -> String {
    let letters = id.unicodeScalars.map { scalar -> Character in
      let isPlain =
        scalar.isASCII && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar))
      return isPlain || scalar == "_" || scalar == "-" ? Character(scalar) : "_"
    }
    return letters.isEmpty ? "object" : String(letters.prefix(64))
  }
}
