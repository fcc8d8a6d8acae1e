/// What to take where DICOM files leave a choice.
public struct DICOMOptions: Sendable, Hashable {
  /// A SeriesInstanceUID, or a series' number; nil: the only one.
  public var series: String?
  /// Where a series holds several volumes at the same positions (phases, echoes), or several
  /// pictures without positions: which, from 1, in the order of time, acquisition and number.
  public var volume: Int?
  /// Whether single missing slices are filled in from their neighbours, instead of being an error.
  public var allowsMissingSlices: Bool

  public init(series: String? = nil, volume: Int? = nil, allowsMissingSlices: Bool = false) {
    self.series = series
    self.volume = volume
    self.allowsMissingSlices = allowsMissingSlices
  }
  public static let standard = DICOMOptions()
}
