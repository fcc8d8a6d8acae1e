/// Single slices out of volumes, along k. An index outside the grid gives nil.
extension MedicalImage {
  public func slice(_ k: Int) -> MedicalImage? {
    guard (0..<depth).contains(k), var one = slices(k..<k + 1) else { return nil }
    one.isVolume = false
    return one
  }

  /// Neighbouring slices, as a volume in its place. Nil where some are outside, or none is asked for.
  public func slices(_ range: Range<Int>) -> MedicalImage? {
    guard !range.isEmpty, 0 <= range.lowerBound, range.upperBound <= depth else { return nil }
    if range.count == depth {
      var all = self
      all.isVolume = true
      return all
    }
    var some = cut([0..<width, 0..<height, range])
    some.displayRanges = displayRanges.flatMap {
      $0.count == depth ? Array($0[range]) : nil
    }
    return some
  }

  /// A part of a volume, in its place.
  ///
  /// - Parameter ranges: along i, j, k, within the grid.
  package func cut(_ ranges: [Range<Int>]) -> MedicalImage {
    var place = affine
    let origin = affine.apply(ranges.map { Double($0.lowerBound) })
    for r in 0..<3 { place.rows[r][3] = origin[r] }
    return MedicalImage(
      width: ranges[0].count, height: ranges[1].count, depth: ranges[2].count, channels: channels,
      samples: part(ranges), affine: place, modality: modality, intensity: intensity,
      isVolume: true, hasSpacing: hasSpacing)
  }
}

extension BinaryMask {
  public func slice(_ k: Int) -> BinaryMask? {
    guard (0..<depth).contains(k) else { return nil }
    let count = width * height
    return BinaryMask(
      width: width, height: height, voxels: Array(voxels[k * count..<(k + 1) * count]))
  }
}

extension LabelMap {
  public func slice(_ k: Int) -> LabelMap? {
    guard (0..<depth).contains(k) else { return nil }
    let count = width * height
    return LabelMap(
      width: width, height: height, labels: Array(labels[k * count..<(k + 1) * count]))
  }

  /// Where the label stands, 0 or 1.
  public func mask(of label: UInt16) -> BinaryMask {
    BinaryMask(
      width: width, height: height, depth: depth, voxels: labels.map { $0 == label ? 1 : 0 })
  }
}
