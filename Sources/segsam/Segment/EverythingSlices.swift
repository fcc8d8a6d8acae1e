import BusProtocol
import Client
import Foundation
import Imaging

/// The slices of an image of which everything is segmented: its only one, or those chosen.
struct EverythingSlices: Sendable {
  let image: MedicalImage
  let view: AxialView
  /// Of a volume: axial slices, from below. Nil: the image as it is.
  let chosen: [Int]?

  /// - Throws: `Failure` where slices must be chosen and are not, or are not there.
  init(_ file: InputFile, image: MedicalImage, chosen: [Int]) throws(Failure) {
    self.image = image
    view = AxialView(image)
    guard image.isVolume else {
      guard chosen.isEmpty else {
        throw Failure(.badInput, "\(file.path) is no volume: leave --slice away")
      }
      self.chosen = nil
      return
    }
    let count = view.sliceCount
    guard !chosen.isEmpty || count == 1 else {
      throw Failure(
        .badInput,
        "\(file.path) is a volume of \(count) axial slices: say which with --slice, "
          + "such as --slice \(count / 2)")
    }
    if let wrong = chosen.first(where: { !(0..<count).contains($0) }) {
      throw Failure(
        .badInput, "there is no slice \(wrong) in \(file.path): slices are 0 to \(count - 1)")
    }
    self.chosen = chosen.isEmpty ? [0] : Array(Set(chosen)).sorted()
  }

  /// Each slice with its number, nil for an image that is no volume.
  func slices() throws(ImagingError) -> [(number: Int?, image: MedicalImage)] {
    guard let chosen else { return [(nil, image)] }
    let viewed = try view.view(image)
    return chosen.compactMap { k in viewed.slice(k).map { (k, $0) } }
  }

  /// A slice for the server.
  func source(_ slice: MedicalImage) -> ImageSource {
    let bytes = slice.samples.withUnsafeBytes { Array($0) }
    let isColour = slice.channels == 3
    return .pixels(
      bytes, datatype: .fp32,
      shape: [slice.height, slice.width] + (isColour ? [3] : []),
      parameters: InputImageParameters(
        layout: isColour ? .hwc : .hw, modality: slice.modality?.rawValue,
        intensity: .init(rawValue: slice.intensity.rawValue),
        affine: slice.hasSpacing ? slice.affine.rows : nil))
  }

  /// A slice's mask on the image's own grid.
  func restore(_ mask: BinaryMask, slice: Int?) throws(ImagingError) -> BinaryMask {
    guard let slice else { return mask }
    var whole = BinaryMask(width: view.size[0], height: view.size[1], depth: view.size[2])
    let start = slice * mask.voxels.count
    whole.voxels.replaceSubrange(start..<start + mask.voxels.count, with: mask.voxels)
    return try view.restore(whole)
  }

  /// A slice's pixel as a voxel of the image.
  func place(_ point: (x: Int, y: Int), slice: Int?) -> [Int] {
    guard let slice else { return [point.x, point.y] }
    return view.toSource(point: [Double(point.x), Double(point.y), Double(slice)])
      .map { Int($0.rounded()) }
  }
}
