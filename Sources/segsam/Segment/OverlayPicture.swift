import Imaging

/// The picture of an image with what was found in it.
enum OverlayPicture {
  /// As radiologists look at it; of a volume the slice with most labelled voxels.
  ///
  /// - Parameter layers: masks on the image's own grid.
  static func make(
    _ image: MedicalImage, layers: [Overlay.Layer]
  ) throws(ImagingError) -> Picture {
    let view = AxialView(image)
    var turned: [Overlay.Layer] = []
    for var layer in layers {
      layer.mask = try view.view(layer.mask)
      turned.append(layer)
    }
    return try Overlay.render(
      view.view(image), slice: fullest(turned.map(\.mask), slices: view.sliceCount),
      layers: turned)
  }

  /// The slice in which most voxels are set; the middle one where none is.
  static func fullest(_ masks: [BinaryMask], slices: Int) -> Int {
    var counts = [Int](repeating: 0, count: slices)
    for mask in masks {
      let area = mask.width * mask.height
      for k in 0..<min(slices, mask.depth) {
        counts[k] += mask.voxels[k * area..<(k + 1) * area].reduce(0) { $0 + Int($1) }
      }
    }
    guard let most = counts.max(), most > 0 else { return slices / 2 }
    return counts.firstIndex(of: most) ?? 0
  }

  /// For what has no colour of its own; well apart, and again from the start after eight.
  static func color(_ number: Int) -> [UInt8] {
    let palette: [[UInt8]] = [
      [230, 159, 0], [86, 180, 233], [0, 158, 115], [240, 228, 66], [0, 114, 178],
      [213, 94, 0], [204, 121, 167], [170, 170, 170],
    ]
    return palette[number % palette.count]
  }
}
