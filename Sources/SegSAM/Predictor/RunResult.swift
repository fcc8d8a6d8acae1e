import Imaging

import func Foundation.log

/// What one run found, over all slices, in the radiological view.
struct RunResult: Sendable {
  var presence = 0.0
  var isPresent = false
  /// The predicted IoU: of the one slice, or in a volume the mean over slices with a mask.
  var score: Double { scoreWeight > 0 ? scoreSum / scoreWeight : bestScore }
  var mask: BinaryMask
  /// Of the slice where presence was highest.
  var naming: [Float] = []
  private var bestScore = 0.0
  private var scoreSum = 0.0
  private var scoreWeight = 0.0

  init(view: AxialView) {
    mask = BinaryMask(width: view.size[0], height: view.size[1], depth: view.size[2])
  }

  /// Takes a slice in.
  ///
  /// - Parameter chance: that the object is there.
  /// - Returns: whether the object counts as present there.
  mutating func take(
    _ decoded: DecodedQuery, chance: Double, run: QueryRun, slice: Int, geometry: SliceGeometry,
    threshold: Double, maskThreshold: Double, keepsMask: Bool
  ) -> Bool {
    if chance >= presence || naming.isEmpty {
      presence = max(presence, chance)
      naming = decoded.naming
      bestScore = Double(decoded.iou[0])
    }
    // Who draws a box or clicks says that something is there.
    guard chance >= threshold || run.hasPlace else { return false }
    isPresent = true
    var logits = decoded.mask
    var score = decoded.iou[0]
    // One click without a name is ambiguous: the likeliest of three masks answers (SAM).
    if !run.hasText, run.lower == nil, run.clicks.count == 1 {
      let best = (1..<decoded.iou.count).max { decoded.iou[$0] < decoded.iou[$1] } ?? 0
      if decoded.iou[best] > score {
        let area = decoded.candidates.count / decoded.iou.count
        logits = Array(decoded.candidates[best * area..<(best + 1) * area])
        score = decoded.iou[best]
      }
    }
    let cut = Float(log(maskThreshold / (1 - maskThreshold)))
    let here = geometry.onSlice(logits)
    let start = slice * here.count
    var count = 0
    here.withUnsafeBufferPointer { here in
      for i in 0..<here.count { count += here[i] > cut ? 1 : 0 }
      guard keepsMask else { return }
      mask.voxels.withUnsafeMutableBufferPointer { voxels in
        for i in 0..<here.count { voxels[start + i] |= here[i] > cut ? 1 : 0 }
      }
    }
    scoreSum += Double(score) * Double(count)
    scoreWeight += Double(count)
    return true
  }
}
