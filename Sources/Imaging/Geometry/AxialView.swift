/// An image's grid as radiologists look at it, by reordering and flipping axes, never by resampling.
///
/// Volumes become axial slices: i to the patient's left, j to the back, k up, as nearly as the grid
/// allows. A single slice keeps its plane: axial as above; coronal i to the left, j down; sagittal
/// i to the back, j down. Going there and back gives the same voxels, for any affine.
public struct AxialView: Sendable, Hashable {
  /// Extents of the original grid along i, j, k.
  public let sourceSize: [Int]
  /// Extents of the view.
  public let size: [Int]
  /// From the view's voxels to RAS millimetres.
  public let affine: Affine
  /// For each axis of the view, the original axis that it is.
  public let axes: [Int]
  /// For each axis of the view, whether it runs against the original one.
  public let isFlipped: [Bool]

  /// How many slices there are to look at.
  public var sliceCount: Int { size[2] }
  public var isIdentity: Bool { axes == [0, 1, 2] && !isFlipped.contains(true) }

  public init(_ image: MedicalImage) {
    self.init(
      width: image.width, height: image.height, depth: image.depth, affine: image.affine,
      isVolume: image.isVolume)
  }

  public init(width: Int, height: Int, depth: Int, affine: Affine, isVolume: Bool) {
    let sourceSize = [width, height, depth]
    // An affine that says nothing leaves everything where it is.
    let directions =
      affine.isUsable
      ? Orientation(affine).directions : Orientation.radiological.directions
    let wanted: [Direction]
    switch (isVolume || depth > 1, directions[2].axis) {
    case (true, _), (_, 2): wanted = [.left, .posterior, .superior]
    case (_, 1): wanted = [.left, .inferior, directions[2]]
    default: wanted = [.posterior, .inferior, directions[2]]
    }
    let axes = wanted.map { want in directions.firstIndex { $0.axis == want.axis } ?? 0 }
    // A lone slice has no order of slices to turn round.
    let isFlipped = (0..<3).map {
      directions[axes[$0]] != wanted[$0] && !($0 == 2 && sourceSize[axes[$0]] == 1)
    }
    self.sourceSize = sourceSize
    self.axes = axes
    self.isFlipped = isFlipped
    size = axes.map { sourceSize[$0] }
    var toSource = Affine(rows: [[Double]](repeating: [0, 0, 0, 0], count: 3) + [[0, 0, 0, 1]])
    for (a, axis) in axes.enumerated() {
      toSource.rows[axis][a] = isFlipped[a] ? -1 : 1
      toSource.rows[axis][3] = isFlipped[a] ? Double(sourceSize[axis] - 1) : 0
    }
    self.affine = affine.rows.count == 4 ? affine * toSource : affine
  }

  /// A point of the original grid, in voxels (integers are centres), in the view.
  public func toView(point: [Double]) -> [Double] {
    (0..<3).map { a in
      isFlipped[a] ? Double(size[a] - 1) - point[axes[a]] : point[axes[a]]
    }
  }

  /// A point of the view in the original grid.
  public func toSource(point: [Double]) -> [Double] {
    var result = point
    for a in 0..<3 {
      result[axes[a]] = isFlipped[a] ? Double(size[a] - 1) - point[a] : point[a]
    }
    return result
  }

  /// A box `(lower, upper)` of the original grid, upper bounds exclusive, in the view.
  public func toView(lower: [Double], upper: [Double]) -> (lower: [Double], upper: [Double]) {
    let pairs = (0..<3).map { a in
      isFlipped[a]
        ? (Double(size[a]) - upper[axes[a]], Double(size[a]) - lower[axes[a]])
        : (lower[axes[a]], upper[axes[a]])
    }
    return (pairs.map(\.0), pairs.map(\.1))
  }
}
