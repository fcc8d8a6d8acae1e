/// Points spread evenly over a slice, but for where nothing is to be seen.
public enum PointGrid {
  /// Of values 0 to 1: what is no brighter is black.
  private static let black: Float = 0.04
  /// In HU, as shares of 2000 over −1000: air is black, lung is not.
  private static let air: Float = -1000, span: Float = 2000

  /// The centres of a grid of cells, as pixels; a cell that is black throughout (in colour also one
  /// that is white throughout) has none.
  ///
  /// - Parameters:
  ///   - side: cells along each side; a side of fewer pixels has as many cells as pixels.
  ///   - slice: along k.
  /// - Throws: `mismatch` where there is no such slice.
  public static func points(
    of image: MedicalImage, side: Int, slice: Int = 0
  ) throws(ImagingError) -> [(x: Int, y: Int)] {
    let planes = try planes(image, slice: slice)
    let (columns, rows) = (min(max(side, 1), image.width), min(max(side, 1), image.height))
    var points: [(x: Int, y: Int)] = []
    for row in 0..<rows {
      let ys = row * image.height / rows..<(row + 1) * image.height / rows
      for column in 0..<columns {
        let xs = column * image.width / columns..<(column + 1) * image.width / columns
        if isEmpty(planes, xs, ys, width: image.width) { continue }
        points.append(((xs.lowerBound + xs.upperBound) / 2, (ys.lowerBound + ys.upperBound) / 2))
      }
    }
    return points
  }

  private static func planes(
    _ image: MedicalImage, slice: Int
  ) throws(ImagingError) -> [[Float]] {
    guard image.intensity == .hounsfield, image.channels == 1, let one = image.slice(slice) else {
      return try NetworkInput.displayPlanes(image, slice: slice)
    }
    return [one.samples.map { $0.isFinite ? ($0 - air) / span : 0 }]
  }

  private static func isEmpty(
    _ planes: [[Float]], _ xs: Range<Int>, _ ys: Range<Int>, width: Int
  ) -> Bool {
    var (isBlack, isWhite) = (true, planes.count > 1)
    for plane in planes {
      for y in ys {
        for x in xs {
          let value = plane[y * width + x]
          isBlack = isBlack && value <= black
          isWhite = isWhite && value >= 1 - black
        }
        if !isBlack && !isWhite { return false }
      }
    }
    return true
  }
}
