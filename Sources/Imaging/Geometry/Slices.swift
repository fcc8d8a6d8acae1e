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
    let count = width * height * channels
    var place = affine
    let origin = affine.apply([0, 0, Double(range.lowerBound)])
    for r in 0..<3 { place.rows[r][3] = origin[r] }
    var part = MedicalImage(
      width: width, height: height, depth: range.count, channels: channels,
      samples: range.count == depth
        ? samples : Array(samples[range.lowerBound * count..<range.upperBound * count]),
      affine: place, modality: modality, intensity: intensity, isVolume: true,
      hasSpacing: hasSpacing)
    part.displayRanges = displayRanges.flatMap {
      $0.count == depth ? Array($0[range]) : nil
    }
    return part
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
