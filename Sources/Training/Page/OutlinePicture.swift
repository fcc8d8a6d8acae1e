import Imaging

/// A small picture with the outlines of an answer and of the truth.
enum OutlinePicture {
  static let answerColour: [UInt8] = [255, 140, 0]
  static let truthColour: [UInt8] = [0, 190, 255]
  static let bothColour: [UInt8] = [255, 255, 255]

  /// - Parameters:
  ///   - image: one slice, gray or colour.
  ///   - answer: on its grid, like `truth`.
  ///   - side: of the longer side, in pixels; smaller images are enlarged.
  /// - Throws: `ImagingError` for masks on another grid, or an image that cannot be shown.
  static func draw(
    _ image: MedicalImage, answer: BinaryMask, truth: BinaryMask, side: Int = 160
  ) throws(ImagingError) -> Picture {
    for mask in [answer, truth] where mask.width != image.width || mask.height != image.height {
      throw ImagingError(.mismatch, "a mask is not on the image's grid")
    }
    let whole = try Overlay.render(image, layers: [], legend: false, minimumSide: 1)
    let scale = Double(side) / Double(max(whole.width, whole.height))
    let width = max(1, Int((Double(whole.width) * scale).rounded()))
    let height = max(1, Int((Double(whole.height) * scale).rounded()))
    let planes = (0..<3).map { c in
      let plane = Swift.stride(from: c, to: whole.pixels.count, by: 3).map { n in
        Float(whole.pixels[n])
      }
      return Resampling.resize(
        plane, width: whole.width, height: whole.height, toWidth: width, toHeight: height) ?? []
    }
    let mine = scaled(answer, width, height).border()
    let theirs = scaled(truth, width, height).border()
    var picture = Picture(width: width, height: height)
    for y in 0..<height {
      for x in 0..<width {
        let at = y * width + x
        switch (mine.voxels[at] != 0, theirs.voxels[at] != 0) {
        case (true, true): picture.set(x, y, bothColour)
        case (true, false): picture.set(x, y, answerColour)
        case (false, true): picture.set(x, y, truthColour)
        case (false, false):
          picture.set(x, y, planes.map { UInt8(min(max($0[at].rounded(), 0), 255)) })
        }
      }
    }
    return picture
  }

  /// Set wherever a pixel holds something that is set, so that what is thin stays visible.
  private static func scaled(_ mask: BinaryMask, _ width: Int, _ height: Int) -> BinaryMask {
    var result = BinaryMask(width: width, height: height)
    func range(_ n: Int, _ from: Int, _ to: Int) -> Range<Int> {
      let first = n * from / to
      return first..<max(first + 1, (n + 1) * from / to)
    }
    for y in 0..<height {
      let rows = range(y, mask.height, height)
      for x in 0..<width {
        let columns = range(x, mask.width, width)
        let isSet = rows.contains { j in
          columns.contains { mask.voxels[j * mask.width + $0] != 0 }
        }
        if isSet { result.voxels[y * width + x] = 1 }
      }
    }
    return result
  }
}
