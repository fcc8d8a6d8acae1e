extension ImageFile {
  /// The kinds of files that are read.
  public enum Kind: String, Sendable, Hashable {
    case png = "PNG"
    case jpeg = "JPEG"
    case nifti = "NIfTI-1"
    case nrrd = "NRRD"
    case metaImage = "MetaImage"
    /// A file, or a folder that may hold some.
    case dicom = "DICOM"
  }

  /// What a file is by its first bytes, a MetaImage also by its name; nil for nothing that is read here.
  ///
  /// - Throws: `unreadable`.
  public static func kind(of path: String) throws(ImagingError) -> Kind? {
    if DICOMFolder.isFolder(path) { return .dicom }
    let file = try FileWindow(path: path)
    let start = file.bytes(at: 0, count: min(file.size, 256)) ?? []
    if DICOMStructure.isDICOM(start) { return .dicom }
    if NRRDHeader.isNRRD(start) { return .nrrd }
    switch Format(sniffing: Array(start)) {
    case .png: return .png
    case .jpeg: return .jpeg
    case .nifti: return .nifti
    case nil: return MetaImageHeader.isMetaImage(start, path: path) ? .metaImage : nil
    }
  }
}
