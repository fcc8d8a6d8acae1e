/// Labels as bytes to write, little-endian.
struct GridSamples {
  let bytes: [UInt8]
  /// Two bytes each.
  let isWide: Bool

  init(_ map: LabelMap) {
    isWide = map.labels.contains { $0 > 255 }
    bytes =
      isWide
      ? map.labels.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8($0 >> 8)] }
      : map.labels.map { UInt8(truncatingIfNeeded: $0) }
  }

  func check(_ affine: Affine) throws(ImagingError) {
    guard !bytes.isEmpty else { throw ImagingError(.mismatch, "a grid without voxels") }
    guard affine.isUsable else {
      throw ImagingError(.mismatch, "the axes of the grid do not span space")
    }
  }
}

extension LabelMap {
  /// 0 and 1.
  init(_ mask: BinaryMask) {
    self.init(
      width: mask.width, height: mask.height, depth: mask.depth,
      labels: mask.voxels.map { UInt16($0) })
  }
}
