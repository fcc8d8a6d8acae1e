import Glibc

/// The DICOM images in a folder.
enum DICOMFolder {
  static let maxDepth = 4, maxEntries = 100_000
  /// Frames of all files together.
  static let maxImages = 65536

  /// All images under the path, in the order of the files' names, folders within folders too; links
  /// to folders are not followed. What does not begin like DICOM is passed over, and so are reports,
  /// segmentations and other DICOM files without an image; a damaged DICOM file is an error.
  ///
  /// - Parameter path: a folder, or one file.
  static func instances(
    at path: String, limits: DecodingLimits
  ) throws(ImagingError) -> [DICOMInstance] {
    guard isFolder(path) else { return [try DICOMInstance(path: path, limits: limits)] }
    var instances: [DICOMInstance] = []
    var (seen, images) = (0, 0)
    for file in try files(in: path, depth: 0, seen: &seen) {
      guard let start = try? FileWindow(path: file).bytes(at: 0, count: 132),
        DICOMStructure.isDICOM(start)
      else { continue }
      do throws(ImagingError) {
        let instance = try DICOMInstance(path: file, limits: limits)
        if instance.isSegmentation { continue }
        instances.append(instance)
        images += instance.planes.count
      } catch  where error.message.hasSuffix(DICOMInstance.noImage.message) {
        continue
      }
      guard images <= maxImages else {
        throw ImagingError(.tooLarge, "\(path) has more than \(maxImages) DICOM images")
      }
    }
    guard !instances.isEmpty else {
      throw ImagingError(.unsupported, "there are no DICOM images in the folder \(path)")
    }
    return instances
  }

  static func isFolder(_ path: String) -> Bool {
    var about = stat()
    return stat(path, &about) == 0 && about.st_mode & S_IFMT == S_IFDIR
  }

  private static func files(
    in folder: String, depth: Int, seen: inout Int
  ) throws(ImagingError) -> [String] {
    guard let listing = opendir(folder) else {
      throw ImagingError(.unreadable, "\(folder): \(String(cString: strerror(errno)))")
    }
    defer { closedir(listing) }
    var names: [String] = []
    while let entry = readdir(listing) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) {
        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name == "." || name == ".." { continue }
      names.append(name)
      seen += 1
      guard seen <= maxEntries else {
        throw ImagingError(.tooLarge, "\(folder) has more than \(maxEntries) files")
      }
    }
    var found: [String] = []
    for name in names.sorted() {
      let path = folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)"
      var about = stat()
      guard lstat(path, &about) == 0 else { continue }
      if about.st_mode & S_IFMT != S_IFDIR {
        found.append(path)
      } else if depth < maxDepth {
        found += try files(in: path, depth: depth + 1, seen: &seen)
      }
    }
    return found
  }
}
