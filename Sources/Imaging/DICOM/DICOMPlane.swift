/// Where one frame lies in the patient, and what its numbers mean.
///
/// In DICOM's frame: millimetres, +x to the patient's left, +y to the back, +z up (LPS).
struct DICOMPlane: Sendable, Hashable {
  /// Centre of the first voxel (Image Position, 0020,0032).
  var position: [Double]?
  /// Unit vectors: along a row (increasing column), along a column (0020,0037).
  var orientation: [[Double]]?
  /// Between rows, between columns (Pixel Spacing, 0028,0030).
  var spacing: [Double]?
  /// Along the normal, where the file says it: Spacing Between Slices, else Slice Thickness.
  var thickness: Double?
  /// value = slope · stored + intercept.
  var slope = 1.0, intercept = 0.0
  var isRescaled = false
  /// Place in time, where the file gives one.
  var temporal: Int?

  /// Row × column.
  var normal: [Double]? {
    orientation.map { o in Vector.cross(o[0], o[1]) }
  }

  init(_ file: DICOMHandle, frame: Int) throws(ImagingError) {
    position = file.numbers(.position, in: .planePosition, frame: frame, count: 3)
    if let six = file.numbers(.orientation, in: .planeOrientation, frame: frame, count: 6) {
      orientation = try Self.axes(six)
    }
    if let two = file.numbers(.pixelSpacing, in: .pixelMeasures, frame: frame, count: 2) {
      guard two.allSatisfy({ (1e-6...1e6).contains($0) }) else {
        throw ImagingError(.malformed, "a pixel spacing of \(two) mm")
      }
      spacing = two
    }
    for tag in [DICOMTag.spacingBetweenSlices, .sliceThickness] where thickness == nil {
      // Spacing Between Slices may be negative in nuclear medicine.
      let value = file.numbers(tag, in: .pixelMeasures, frame: frame, count: 1).map { abs($0[0]) }
      if let value, (1e-6...1e6).contains(value) { thickness = value }
    }
    let group = DICOMTag.pixelValueTransformation
    if let slope = file.numbers(.slope, in: group, frame: frame, count: 1) {
      guard slope[0] != 0 else { throw ImagingError(.malformed, "a rescale slope of 0") }
      self.slope = slope[0]
      intercept = file.numbers(.intercept, in: group, frame: frame, count: 1)?[0] ?? 0
      isRescaled = true
    }
    temporal = file.numbers(.temporalIndex, in: .frameContent, frame: frame, count: 1)
      .flatMap { Int(exactly: $0[0]) }
  }

  /// Cosines are written with a few digits: what is nearly of length one is made so.
  private static func axes(_ six: [Double]) throws(ImagingError) -> [[Double]] {
    let axes = [Array(six[..<3]), Array(six[3...])]
    let lengths = axes.map { Vector.dot($0, $0).squareRoot() }
    guard lengths.allSatisfy({ abs($0 - 1) < 0.01 }), abs(Vector.dot(axes[0], axes[1])) < 0.01
    else {
      throw ImagingError(
        .malformed, "an image orientation of \(six): these are no two perpendicular unit vectors")
    }
    return zip(axes, lengths).map { axis, length in axis.map { $0 / length } }
  }
}

/// Vectors of three.
enum Vector {
  static func dot(_ a: [Double], _ b: [Double]) -> Double {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
  }
  static func cross(_ a: [Double], _ b: [Double]) -> [Double] {
    [
      a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0],
    ]
  }
  static func add(_ a: [Double], _ b: [Double], times factor: Double = 1) -> [Double] {
    (0..<3).map { a[$0] + factor * b[$0] }
  }
  static func length(_ a: [Double]) -> Double { dot(a, a).squareRoot() }
}
