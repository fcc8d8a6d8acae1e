extension SegmentParameters {
  /// Checks boxes and points against the image that they are meant for.
  ///
  /// `MessageParser` does this where the image comes along as a tensor; where it is a file or a
  /// held image, whoever knows the grid does it.
  ///
  /// - Parameter gridShape: `[H, W]` or `[D, H, W]`.
  /// - Throws: `invalid_argument` where the number of coordinates does not fit the image's axes,
  ///   where a box does not touch the image, where a point is outside it.
  public func check(gridShape: [Int]) throws(ProtocolError) {
    let extents = gridShape.reversed().map(Double.init)
    for (index, box) in boxes.enumerated() {
      guard let box else { continue }
      let path = "parameters.boxes[\(index)]"
      guard box.count == 2 * extents.count else {
        throw .invalidArgument(
          "the image has \(extents.count) axes: a box needs \(2 * extents.count) numbers",
          path: path)
      }
      for (axis, extent) in extents.enumerated()
      where box[axis] >= extent || box[axis + extents.count] <= 0 {
        throw .invalidArgument("the box lies outside the image", path: path)
      }
    }
    for (index, point) in points.enumerated() {
      let path = "parameters.points[\(index)].at"
      guard point.at.count == extents.count else {
        throw .invalidArgument(
          "the image has \(extents.count) axes: a point needs as many numbers", path: path)
      }
      // Integers are voxel centres, so the image reaches half a voxel beyond the outermost.
      for (x, extent) in zip(point.at, extents) where x < -0.5 || x > extent - 0.5 {
        throw .invalidArgument("the point lies outside the image", path: path)
      }
    }
  }
}
