/// A made-up abdomen as CT would show it, with its true labels: for tests, and for a demonstration
/// where there are no real images. It is nobody's body and stands for none.
///
/// Everything follows from the seed by additions, multiplications, divisions and square roots
/// alone, so that it is the same on any machine.
public struct Phantom: Sendable {
  /// In HU, whole numbers; i to the patient's left, j to the back, k up.
  public let image: MedicalImage
  public let labels: LabelMap
  /// Label to category id of the vocabulary.
  public let categories: [UInt16: String]

  /// - Parameters:
  ///   - seed: of sizes, places, intensities and noise.
  ///   - size: voxels along i, j, k, each 1 to 1024. The body's middle lies in the grid's, at L3.
  ///   - spacing: millimetres along i, j, k, each over 0.
  ///   - noise: standard deviation in HU, before the slight blur that correlates it.
  public static func make(
    seed: UInt64, size: [Int] = [192, 144, 96], spacing: [Double] = [2, 2, 4], noise: Double = 18
  ) throws(ImagingError) -> Phantom {
    guard size.count == 3, size.allSatisfy({ (1...1024).contains($0) }),
      size.reduce(1, *) <= 1 << 27, spacing.count == 3,
      spacing.allSatisfy({ $0 >= 0.05 && $0 <= 100 }), noise >= 0 && noise <= 1000
    else {
      throw ImagingError(.mismatch, "a phantom has 1 to 1024 voxels an axis and spacing in mm")
    }
    var random = SplitMix64(seed: seed)
    let anatomy = Anatomy(&random)
    var painter = Painter(size: size, spacing: spacing)
    for tissue in anatomy.tissues { painter.paint(tissue, texture: tissue.texture) }
    painter.blur()
    painter.addNoise(&random, deviation: noise)
    var affine = Affine.radiological(spacing: spacing)
    for axis in 0..<3 {
      affine.rows[axis][3] = -affine.rows[axis][axis] * Double(size[axis] - 1) / 2
    }
    return Phantom(
      image: MedicalImage(
        width: size[0], height: size[1], depth: size[2],
        samples: painter.samples.map { min(max($0.rounded(), -1024), 3071) }, affine: affine,
        modality: .ct, intensity: .hounsfield, isVolume: true, hasSpacing: true),
      labels: LabelMap(width: size[0], height: size[1], depth: size[2], labels: painter.labels),
      categories: Dictionary(
        uniqueKeysWithValues: Anatomy.categories.enumerated().map { (UInt16($0 + 1), $1) }))
  }
}

/// Something to paint: where, how bright, and what it is.
struct Tissue: Sendable {
  var solid: any Solid
  /// Nil clears the label (what lies there is nothing that is named).
  var category: String?
  var hounsfield: Double
  /// Spread of slow changes of brightness, in HU.
  var texture = 0.0
}
