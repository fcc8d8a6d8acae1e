/// Images and masks into the view and back; each throws `mismatch` for another grid.
extension AxialView {
  /// Shares the image's samples: slices are turned when they are asked for.
  public func view(_ image: MedicalImage) throws(ImagingError) -> MedicalImage {
    try check([image.width, image.height, image.depth], sourceSize)
    guard !isIdentity else {
      var same = image
      same.affine = affine
      return same
    }
    return image.turned(turn(channels: image.channels), size: size, affine: affine)
  }

  public func view(_ mask: BinaryMask) throws(ImagingError) -> BinaryMask {
    try check([mask.width, mask.height, mask.depth], sourceSize)
    return BinaryMask(
      width: size[0], height: size[1], depth: size[2], voxels: toView(mask.voxels))
  }

  public func view(_ map: LabelMap) throws(ImagingError) -> LabelMap {
    try check([map.width, map.height, map.depth], sourceSize)
    return LabelMap(width: size[0], height: size[1], depth: size[2], labels: toView(map.labels))
  }

  public func restore(_ mask: BinaryMask) throws(ImagingError) -> BinaryMask {
    try check([mask.width, mask.height, mask.depth], size)
    return BinaryMask(
      width: sourceSize[0], height: sourceSize[1], depth: sourceSize[2],
      voxels: toSource(mask.voxels))
  }

  public func restore(_ map: LabelMap) throws(ImagingError) -> LabelMap {
    try check([map.width, map.height, map.depth], size)
    return LabelMap(
      width: sourceSize[0], height: sourceSize[1], depth: sourceSize[2],
      labels: toSource(map.labels))
  }

  private func check(_ got: [Int], _ want: [Int]) throws(ImagingError) {
    guard got == want else {
      throw ImagingError(.mismatch, "a grid of \(got) voxels where \(want) were expected")
    }
  }

  /// Where the view's voxels lie in the original array.
  private func turn(channels: Int) -> Turn {
    let along = [1, sourceSize[0], sourceSize[0] * sourceSize[1]].map { $0 * channels }
    var start = 0
    let steps = (0..<3).map { a in
      if isFlipped[a] { start += (size[a] - 1) * along[axes[a]] }
      return isFlipped[a] ? -along[axes[a]] : along[axes[a]]
    }
    return Turn(start: start, steps: steps)
  }

  private func toView<T: BitwiseCopyable>(_ values: [T]) -> [T] {
    if isIdentity { return values }
    return turn(channels: 1).part(of: values, size.map { 0..<$0 })
  }

  private func toSource<T: BitwiseCopyable>(_ values: [T]) -> [T] {
    if isIdentity { return values }
    let order = turn(channels: 1)
    var result = values  // every element is written over: the mapping is one to one
    result.withUnsafeMutableBufferPointer { to in
      var n = 0
      for k in 0..<size[2] {
        for j in 0..<size[1] {
          var at = order.start + k * order.steps[2] + j * order.steps[1]
          for _ in 0..<size[0] {
            to[at] = values[n]
            n += 1
            at += order.steps[0]
          }
        }
      }
    }
    return result
  }
}
