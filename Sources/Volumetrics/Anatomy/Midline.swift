import Imaging

/// The patient's midline: for each axial slice, where along i the middle of the body lies.
///
/// In the radiological view i runs to the patient's left, so what is under the midline is on the
/// patient's right. Between the body's outermost points of a slice is its middle; over the slices the
/// middle half of what they say counts (the median of 15 slices around), since an arm or a table
/// moves one slice's points and seldom many.
struct Midline {
  /// Of each slice, in voxels; nil where no body is seen.
  let positions: [Double?]
  /// Narrower images, in millimetres, show no whole body: half of one has no middle.
  static let leastWidth = 140.0

  /// - Parameter viewed: a volume in the radiological view.
  /// - Returns: nil where orientation or size are not known, or less than a body is shown.
  init?(_ viewed: MedicalImage) {
    guard viewed.hasSpacing, viewed.affine.isUsable, viewed.channels == 1 else { return nil }
    let spacing = viewed.affine.spacing[0]
    guard spacing * Double(viewed.width) >= Self.leastWidth else { return nil }
    let threshold = Self.threshold(viewed)
    let middles = (0..<viewed.depth).map { k -> Double? in
      guard let extent = Self.extent(viewed, slice: k, over: threshold),
        Double(extent.count) * spacing >= Self.leastWidth / 2
      else { return nil }
      return Double(extent.lowerBound + extent.upperBound) / 2
    }
    positions = middles.indices.map { k in
      let near = middles[max(0, k - 7)..<min(middles.count, k + 8)].compactMap { $0 }.sorted()
      return near.isEmpty ? nil : near[near.count / 2]
    }
    guard positions.contains(where: { $0 != nil }) else { return nil }
  }

  /// Tissue from air: −300 HU, else the mean of the whole image (SegVol's foreground).
  private static func threshold(_ image: MedicalImage) -> Float {
    if image.intensity == .hounsfield { return -300 }
    var (sum, count) = (0.0, 0)
    for k in 0..<image.depth {
      let samples = image.plane(k)
      for n in stride(from: k % 7, to: samples.count, by: 7) where samples[n].isFinite {
        sum += Double(samples[n])
        count += 1
      }
    }
    return count == 0 ? 0 : Float(sum / Double(count))
  }

  /// The columns that hold body: at least a twentieth of the rows over the threshold.
  private static func extent(
    _ image: MedicalImage, slice: Int, over threshold: Float
  ) -> ClosedRange<Int>? {
    let (width, height) = (image.width, image.height)
    var counts = [Int](repeating: 0, count: width)
    image.plane(slice).withUnsafeBufferPointer { samples in
      for j in 0..<height {
        let row = j * width
        for i in 0..<width where samples[row + i] > threshold { counts[i] += 1 }
      }
    }
    let least = max(1, height / 20)
    guard let first = counts.firstIndex(where: { $0 >= least }),
      let last = counts.lastIndex(where: { $0 >= least })
    else { return nil }
    return first...last
  }
}
