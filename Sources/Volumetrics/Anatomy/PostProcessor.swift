import Imaging
import SegSAM
import Vocabulary

/// What anatomy says of a mask: each step listed with what it changed, none that cannot be turned off.
///
/// Masks are in the radiological view of the volume.
struct PostProcessor {
  private let steps: Set<ProcessingStep.Kind>
  private let affine: Affine
  private let hasSpacing: Bool
  private let midline: Midline?

  init(_ viewed: MedicalImage, steps: Set<ProcessingStep.Kind>) {
    self.steps = steps
    affine = viewed.affine
    hasSpacing = viewed.hasSpacing
    midline = steps.contains(.sides) ? Midline(viewed) : nil
  }

  /// What was changed, and what is worth a warning.
  struct Outcome {
    var steps: [ProcessingStep] = []
    var warnings: [String] = []
  }

  /// - Parameters:
  ///   - category: a concrete one.
  ///   - presence: of the category in each slice, as the network says it.
  func apply(
    _ category: Category, presence: [Double], to mask: inout BinaryMask
  ) -> Outcome {
    var outcome = Outcome()
    guard let box = mask.boundingBox else { return outcome }
    let region = Region(box)
    var piece = region.cut(mask)
    if let step = dropOtherSide(category, &piece, region) { outcome.steps.append(step) }
    if piece.boundingBox == nil {
      outcome.warnings.append(
        "all that was found of \(category.name) lay on the patient's other side and was left out")
    }
    let seen = region.ranges[2].map { presence.indices.contains($0) ? presence[$0] : 0.5 }
    if let step = keepLikeliest(category, seen, &piece) { outcome.steps.append(step) }
    if let step = fillHoles(&piece) { outcome.steps.append(step) }
    if !outcome.steps.isEmpty {
      region.paste(piece.voxels, into: &mask.voxels, size: [mask.width, mask.height, mask.depth])
    }
    if let warning = implausible(category, piece, region, in: mask) {
      outcome.warnings.append(warning)
    }
    return outcome
  }

  /// Leaves out pieces that lie wholly on the other side, by more than 5 mm.
  private func dropOtherSide(
    _ category: Category, _ piece: inout BinaryMask, _ region: Region
  ) -> ProcessingStep? {
    guard let midline, [.left, .right].contains(category.laterality) else { return nil }
    let margin = 5 / affine.spacing[0]
    let pieces = Components(piece, connectivity: .corners)
    // Of each piece the point nearest to its own side, as voxels beyond the midline to the left.
    var nearest = [Double](repeating: -.infinity, count: pieces.count)
    let sign = category.laterality == .left ? 1.0 : -1.0
    for (n, label) in pieces.labels.enumerated() where label != 0 {
      let k = n / (piece.width * piece.height) + region.ranges[2].lowerBound
      guard let middle = midline.positions[k] else {
        nearest[Int(label) - 1] = .infinity
        continue
      }
      let i = Double(n % piece.width + region.ranges[0].lowerBound)
      nearest[Int(label) - 1] = max(nearest[Int(label) - 1], sign * (i - middle))
    }
    return remove(pieces, from: &piece, .sides) { nearest[$0] < -margin }
  }

  /// Leaves out pieces beyond those that the category has. What lies close together is one piece, in
  /// which slices were missed; of several the likeliest stay, by their size and by how sure the network
  /// was where it was surest.
  private func keepLikeliest(
    _ category: Category, _ presence: [Double], _ piece: inout BinaryMask
  ) -> ProcessingStep? {
    guard steps.contains(.components), let most = category.pieces else { return nil }
    let pieces = Components(piece, connectivity: .corners)
    guard pieces.count > most else { return nil }
    let groups = PieceGroups(
      pieces, size: [piece.width, piece.height, piece.depth],
      spacing: hasSpacing ? affine.spacing : [1, 1, 3], presence: presence)
    let kept = groups.likeliest(most)
    return remove(pieces, from: &piece, .components) { !kept.contains($0) }
  }

  private func remove(
    _ pieces: Components, from mask: inout BinaryMask, _ kind: ProcessingStep.Kind,
    where isDropped: (Int) -> Bool
  ) -> ProcessingStep? {
    let dropped = (0..<pieces.count).map(isDropped)
    let count = dropped.count { $0 }
    guard count > 0 else { return nil }
    var removed = 0
    for (n, label) in pieces.labels.enumerated() where label != 0 && dropped[Int(label) - 1] {
      mask.voxels[n] = 0
      removed += 1
    }
    return ProcessingStep(
      kind, removed: removed, note: "\(count) of \(pieces.count) pieces left out")
  }

  /// Background that no path of faces leads out of, in three dimensions.
  private func fillHoles(_ piece: inout BinaryMask) -> ProcessingStep? {
    guard steps.contains(.holes), piece.boundingBox != nil else { return nil }
    let gaps = Components(piece.inverse)
    guard gaps.count > 0 else { return nil }
    var isOpen = [Bool](repeating: false, count: gaps.count)
    let (width, height, depth) = (piece.width, piece.height, piece.depth)
    for (n, label) in gaps.labels.enumerated() where label != 0 {
      let (i, j, k) = (n % width, n / width % height, n / (width * height))
      // A volume's first and last slice may cut the object: a gap there is not known to be closed.
      if i == 0 || j == 0 || k == 0 || i == width - 1 || j == height - 1 || k == depth - 1 {
        isOpen[Int(label) - 1] = true
      }
    }
    var added = 0
    for (n, label) in gaps.labels.enumerated() where label != 0 && !isOpen[Int(label) - 1] {
      piece.voxels[n] = 1
      added += 1
    }
    guard added > 0 else { return nil }
    let count = isOpen.count { !$0 }
    return ProcessingStep(.holes, added: added, note: "\(count) holes filled")
  }

  private func implausible(
    _ category: Category, _ piece: BinaryMask, _ region: Region, in mask: BinaryMask
  ) -> String? {
    guard hasSpacing, let range = category.plausibleVolume, piece.boundingBox != nil else {
      return nil
    }
    let volume = piece.volume(affine)
    let size = [mask.width, mask.height, mask.depth]
    let isCut = (0..<3).contains {
      region.ranges[$0].lowerBound == 0 || region.ranges[$0].upperBound == size[$0]
    }
    let said = "\(category.name) has \(Self.text(volume)) ml"
    if volume > range.upperBound {
      return "\(said), more than the plausible \(Self.text(range.upperBound)) ml: check the mask"
    }
    if volume < range.lowerBound, !isCut {
      return "\(said), less than the plausible \(Self.text(range.lowerBound)) ml: check the mask"
    }
    return nil
  }

  private static func text(_ volume: Double) -> String {
    volume < 10 ? "\((volume * 10).rounded() / 10)" : "\(Int(min(volume, 1e12).rounded()))"
  }
}
