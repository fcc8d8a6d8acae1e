import Imaging
import SegSAM

/// Where somebody who knows the truth would click (the protocol of arXiv 2304.10517).
enum SimulatedClick {
  /// Onto the object, where it is deepest: one of the maxima of its distance transform, drawn by lot.
  static func first(in truth: BinaryMask, random: inout SeededRandom) -> Click? {
    let depths = truth.distances(closed: true)
    guard let most = depths.max(), most > 0 else { return nil }
    let deepest = depths.indices.filter { depths[$0] == most }
    let at = deepest[random.below(deepest.count)]
    return Click(at: [Double(at % truth.width), Double(at / truth.width)], isPositive: true)
  }

  /// Where the answer is most wrong: deepest inside what is missing or too much, on the object if the
  /// object is there, else off it. Nil where nothing is wrong.
  static func next(in truth: BinaryMask, after answer: BinaryMask?) -> Click? {
    var wrong = truth
    if let answer {
      for n in wrong.voxels.indices where n < answer.voxels.count {
        wrong.voxels[n] = (truth.voxels[n] != 0) == (answer.voxels[n] != 0) ? 0 : 1
      }
    }
    guard let spot = wrong.deepestVoxel() else { return nil }
    return Click(
      at: [Double(spot.i), Double(spot.j)],
      isPositive: truth.voxels[spot.j * truth.width + spot.i] != 0)
  }
}

extension SeededRandom {
  /// The same for the same text in every run (FNV-1a).
  init(for text: String) {
    self.init(
      seed: text.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) {
        ($0 ^ UInt64($1)) &* 0x100_0000_01b3
      })
  }
}
