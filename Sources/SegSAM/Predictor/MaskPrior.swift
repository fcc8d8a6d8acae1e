import Imaging

/// A mask prompt in the radiological view, slice by slice.
///
/// SEG-SAM's prompt encoder takes boxes and clicks. The mask's box is one of them; the mask itself is
/// a prior: logits by the signed distance from its border, which the decoders' are added to.
struct MaskPrior: Hashable, Sendable {
  private let mask: BinaryMask
  let givesBox: Bool, asksElsewhere: Bool
  private let strength: Double
  /// Of each slice.
  private let boxes: [VoxelBox?]
  /// How deep, in the network's pixels at a side of 256, a pixel gains all that it can.
  static let reach = 6.0

  /// - Throws: `PredictorError` `.invalidQuery` for a mask on another grid.
  init(_ prompt: MaskPrompt, image: MedicalImage, view: AxialView) throws(PredictorError) {
    guard prompt.mask.voxels.count == image.voxelCount, prompt.mask.width == image.width,
      prompt.mask.height == image.height, prompt.strength.isFinite,
      let mask = try? view.view(prompt.mask)
    else {
      throw PredictorError(.invalidQuery, "a mask as a prompt must be of the image's own size")
    }
    self.mask = mask
    boxes = (0..<mask.depth).map { mask.slice($0)?.boundingBox }
    givesBox = prompt.givesBox
    asksElsewhere = prompt.asksElsewhere
    strength = prompt.strength
  }

  /// The mask's box in a slice, upper bounds exclusive; nil where it is empty.
  func box(on slice: Int) -> (x0: Double, y0: Double, x1: Double, y1: Double)? {
    guard boxes.indices.contains(slice), let box = boxes[slice] else { return nil }
    return (
      Double(box.lower[0]), Double(box.lower[1]), Double(box.upper[0]), Double(box.upper[1])
    )
  }

  /// What is added to logits on a slice's own grid, `[height, width]`.
  func logits(on slice: Int) -> [Float]? {
    guard strength != 0, let here = mask.slice(slice), let depths = here.signedDistances() else {
      return nil
    }
    // In pixels of the slice.
    let reach = Float(max(1, Self.reach * Double(max(here.width, here.height)) / 256))
    return depths.map { Float(strength) * min(max($0 / reach, -1), 1) }
  }
}
