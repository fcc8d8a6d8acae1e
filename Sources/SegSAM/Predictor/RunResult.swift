import Imaging

import func Foundation.log

/// What one run found, over all slices, in the radiological view.
struct RunResult: Sendable {
  var presence = 0.0
  /// Of each slice; 0 where nothing was asked.
  private(set) var slicePresence: [Double]
  var isPresent = false
  /// Of the last slice that was asked.
  var evidence: PresenceEvidence?
  /// The predicted IoU: of the one slice, or in a volume the mean over slices with a mask.
  var score: Double { scoreWeight > 0 ? scoreSum / scoreWeight : bestScore }
  var mask: BinaryMask
  /// The masks for ambiguous prompts, where they are kept.
  private(set) var alternatives: [BinaryMask]
  /// The best predicted IoU of each over the slices.
  private(set) var alternativeScores: [Double]
  /// Of the slice where presence was highest.
  var naming: [Float] = []
  private var bestScore = 0.0
  private var scoreSum = 0.0
  private var scoreWeight = 0.0

  init(view: AxialView, keepsAlternatives: Bool = false) {
    mask = BinaryMask(width: view.size[0], height: view.size[1], depth: view.size[2])
    slicePresence = [Double](repeating: 0, count: view.sliceCount)
    let count = keepsAlternatives ? SemanticAgnosticDecoder.maskCount - 1 : 0
    alternatives = [BinaryMask](repeating: mask, count: count)
    alternativeScores = [Double](repeating: 0, count: count)
  }

  /// Takes a slice in.
  ///
  /// - Parameters:
  ///   - chance: that the object is there; `isPresent`: whether that is enough.
  ///   - choosesOfThree: an ambiguous prompt never gets the mask for unambiguous ones (SAM).
  /// - Returns: whether the object counts as present there.
  mutating func take(
    _ decoded: DecodedQuery, chance: Double, run: QueryRun, slice: Int, geometry: SliceGeometry,
    isPresent isHere: Bool, maskThreshold: Double, keepsMask: Bool, prior: [Float]?,
    fit: BoxFit? = nil, bias: Float = 0, choosesOfThree: Bool = false
  ) -> Bool {
    slicePresence[slice] = chance
    if chance >= presence || naming.isEmpty {
      presence = max(presence, chance)
      naming = decoded.naming
      bestScore = Double(decoded.iou[0])
    }
    // Who draws a box or clicks says that something is there.
    guard isHere || run.hasPlace(on: slice) else { return false }
    isPresent = true
    var logits = run.hasText && run.clicks.isEmpty ? decoded.agreed : decoded.mask
    var score = decoded.iou[0]
    let area = decoded.candidates.count / decoded.iou.count
    func candidate(_ n: Int) -> [Float] {
      Array(decoded.candidates[n * area..<(n + 1) * area])
    }
    // The likeliest of three masks answers (SAM).
    if run.isAmbiguous {
      let best = (1..<decoded.iou.count).max { decoded.iou[$0] < decoded.iou[$1] } ?? 0
      if choosesOfThree || decoded.iou[best] > score {
        logits = candidate(best)
        score = decoded.iou[best]
      }
    }
    let cut = Float(log(maskThreshold / (1 - maskThreshold)))
    let here = geometry.onSlice(logits, prior: prior, fit: fit, bias: bias)
    let count = here.withUnsafeBufferPointer { here in here.count { $0 > cut } }
    if keepsMask { Self.draw(here, above: cut, slice: slice, on: &mask) }
    for n in alternatives.indices where n + 1 < decoded.iou.count {
      let other = geometry.onSlice(candidate(n + 1), prior: prior)
      Self.draw(other, above: cut, slice: slice, on: &alternatives[n])
      alternativeScores[n] = max(alternativeScores[n], Double(decoded.iou[n + 1]))
    }
    scoreSum += Double(score) * Double(count)
    scoreWeight += Double(count)
    return true
  }
  private static func draw(
    _ logits: [Float], above cut: Float, slice: Int, on mask: inout BinaryMask
  ) {
    let start = slice * logits.count
    logits.withUnsafeBufferPointer { logits in
      mask.voxels.withUnsafeMutableBufferPointer { voxels in
        for i in 0..<logits.count { voxels[start + i] |= logits[i] > cut ? 1 : 0 }
      }
    }
  }
}
