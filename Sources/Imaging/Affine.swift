/// A 4×4 matrix that takes voxel indices `(i, j, k, 1)` to millimetres in the patient's RAS frame.
///
/// As in NIfTI, +x is the patient's right, +y anterior, +z superior (protocol, section Geometry).
public struct Affine: Sendable, Hashable {
  /// Four rows of four numbers; the last row is `[0, 0, 0, 1]`.
  public var rows: [[Double]]

  public init(rows: [[Double]]) { self.rows = rows }

  /// The axial slice as radiologists look at it: i to the patient's left, j to the back, k up.
  ///
  /// - Parameter spacing: millimetres per voxel along i, j, k.
  public static func radiological(spacing: [Double] = [1, 1, 1]) -> Affine {
    Affine(rows: [
      [-spacing[0], 0, 0, 0], [0, -spacing[1], 0, 0],
      [0, 0, spacing.count > 2 ? spacing[2] : 1, 0], [0, 0, 0, 1],
    ])
  }

  /// Lengths in millimetres of the voxel's edges along i, j and k.
  public var spacing: [Double] {
    (0..<3).map { c in (0..<3).reduce(0) { $0 + rows[$1][c] * rows[$1][c] }.squareRoot() }
  }
}
