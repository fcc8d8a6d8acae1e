/// The images of one DICOM series, PS3.3 A.1.2.2: what one scan gave.
public struct DICOMSeries: Sendable {
  /// SeriesInstanceUID.
  public let uid: String
  public let studyUID: String?
  /// Images with the same one share a frame of coordinates.
  public let frameOfReferenceUID: String?
  public let modality: Modality?
  public let number: Int?
  public let description: String?
  /// Frames of all files together.
  public let imageCount: Int
  let instances: [DICOMInstance]

  /// Those in a folder, in any order and with other files among them, or of one file.
  ///
  /// Ordered by number, then by UID.
  ///
  /// - Throws: `unsupported` where there is none, `malformed` for a damaged DICOM file, `tooLarge`.
  public static func find(
    at path: String, limits: DecodingLimits = .standard
  ) throws(ImagingError) -> [DICOMSeries] {
    let found = try DICOMFolder.instances(at: path, limits: limits)
    return Dictionary(grouping: found, by: \.series).values.map(DICOMSeries.init).sorted {
      ($0.number ?? .max, $0.uid) < ($1.number ?? .max, $1.uid)
    }
  }

  init(_ instances: [DICOMInstance]) {
    let first = instances[0]
    uid = first.series
    studyUID = first.study
    frameOfReferenceUID = first.frameOfReference
    // A code string; what is none would be no modality anywhere else.
    modality = first.modality.flatMap { code in
      let isTerm = code.utf8.allSatisfy { (0x41...0x5a).contains($0) || $0 == 0x5f }
      return isTerm && code.utf8.count <= 16 ? Modality(rawValue: code) : nil
    }
    number = first.seriesNumber
    description = first.seriesDescription
    imageCount = instances.reduce(0) { $0 + $1.planes.count }
    self.instances = instances
  }

  /// The one that is meant.
  ///
  /// - Parameter name: a UID or a number; nil: the only one.
  /// - Throws: `mismatch`, with a list of what there is.
  public static func choose(
    _ name: String?, of all: [DICOMSeries]
  ) throws(ImagingError) -> DICOMSeries {
    let meant = name.map { name in
      all.filter { $0.uid == name || $0.number.map(String.init) == name }
    }
    if let one = (meant ?? all).first, (meant ?? all).count == 1 { return one }
    let list = all.prefix(50).map { "\n  \($0.summary)" }.joined()
    let problem =
      switch (name, meant?.count) {
      case (nil, _): "\(all.count) series"
      case (let name?, 0): "no series \(name); there are"
      case (let name?, _): "several series \(name)"
      }
    throw ImagingError(
      .mismatch, "\(problem): choose one by its UID or number (--series)" + list)
  }

  /// A line for people: number, modality, images, description, UID.
  public var summary: String {
    [
      number.map { "\($0)" } ?? "–", modality?.rawValue ?? "–", "\(imageCount) images",
      description.map { "\"\($0)\"" } ?? "–", uid,
    ].joined(separator: "  ")
  }
}
