import Imaging
import SegSAM
import Vocabulary

extension VolumeWork {
  /// Under this presence of the object, as the network says it, a mask is not led on.
  static let leastPresence = 0.25
  /// How far beyond an end, in millimetres, at most.
  static let farthest = 30.0

  /// Leads masks on from their ends, up and down, and across gaps, one slice at a time: a slice's mask
  /// is the next one's prompt. It stops where slices stop looking alike, where the object's presence
  /// falls, where nothing is drawn, and at what is known.
  mutating func propagate(
    _ engine: any SegmentationEngine, _ found: inout VolumeFindings
  ) async throws {
    let step = SliceStep(
      engine: engine, viewed: viewed, key: key, threshold: options.threshold)
    let spacing = viewed.hasSpacing ? viewed.affine.spacing[2] : 3
    let most = max(1, Int(Self.farthest / max(spacing, 0.1)))
    for direction in [1, -1] {
      // Of each atom: its mask in the slice before, and how far it was led.
      var led: [Int: (mask: BinaryMask, steps: Int)] = [:]
      let order = direction == 1 ? Array(0..<viewed.depth) : Array((0..<viewed.depth).reversed())
      for k in order {
        try Task.checkCancellation()
        var asked: [Int] = []
        for n in atoms.indices where category(n) != nil && !atoms[n].hasPlace {
          guard let here = found.atoms[n].mask?.slice(k) else { continue }
          if here.voxels.contains(where: { $0 != 0 }) {
            led[n] = (here, 0)
          } else if let before = led[n], before.steps < most {
            asked.append(n)
          } else {
            led[n] = nil
          }
        }
        guard !asked.isEmpty else { continue }
        guard SliceSimilarity(viewed, k, k - direction).isAlike else {
          for n in asked { led[n] = nil }
          continue
        }
        let answers = try await step.ask(
          asked.compactMap { n in led[n].map { (atoms[n], $0.mask) } }, slice: k)
        for (n, answer) in zip(asked, answers) {
          guard let before = led[n], let mask = answer.mask,
            answer.presence >= Self.leastPresence,
            let overlap = try? Overlap(mask, before.mask), overlap.dice > 0.5
          else {
            led[n] = nil
            continue
          }
          led[n] = (mask, before.steps + 1)
          add(mask, of: n, slice: k, to: &found)
        }
      }
    }
  }

  private func add(
    _ mask: BinaryMask, of n: Int, slice: Int, to found: inout VolumeFindings
  ) {
    let area = viewed.width * viewed.height
    found.atoms[n].mask?.voxels.replaceSubrange(
      slice * area..<(slice + 1) * area, with: mask.voxels)
    let label = category(n).flatMap { labels.firstIndex(of: $0.id) }.map { UInt16($0 + 1) }
    if let label, found.semantic != nil {
      for v in 0..<area where mask.voxels[v] != 0 {
        if found.semantic?.labels[slice * area + v] == 0 {
          found.semantic?.labels[slice * area + v] = label
        }
      }
    }
    if let at = found.atoms[n].steps.firstIndex(where: { $0.kind == .propagation }) {
      found.atoms[n].steps[at].added += mask.count
    } else {
      found.atoms[n].steps.append(ProcessingStep(.propagation, added: mask.count))
    }
  }
}
