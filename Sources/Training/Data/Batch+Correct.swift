import Imaging
import SegSAM

extension Batch {
  /// Adds a click to each prompt with a place, where the answer to it is most wrong: as somebody would
  /// who is not content (the SAM study's rounds, arXiv 2304.10517).
  ///
  /// - Parameter answers: M_b's logits of the slots, `[N, S/2, S/2]`; of another size nothing is done.
  mutating func correct(after answers: [Float], configuration c: NetworkConfiguration) {
    let half = c.imageSize / 2
    let (area, count) = (half * half, PointKind.allCases.count)
    guard let first = integers["first"], let targets = floats["target"], let pair = floats["pair"],
      let valid = floats["valid"], let present = floats["present"],
      var places = floats["places"], var kinds = floats["kinds"],
      answers.count == first.count * area, targets.count == answers.count
    else { return }
    func kind(_ slot: Int, _ point: Int) -> PointKind? {
      PointKind.allCases.first { kinds[(slot * c.points + point) * count + $0.rawValue] == 1 }
    }
    for target in first.indices where valid[target] > 0 && present[target] > 0 {
      let slot = Int(first[target])
      let free = (2..<c.points).first { kind(slot, $0) == PointKind.none }
      let hasPlace = (0..<c.points).contains { kind(slot, $0) != PointKind.none }
      guard pair[target] == 0, hasPlace, let free else { continue }
      let truth = BinaryMask(
        width: half, height: half,
        voxels: targets[target * area..<(target + 1) * area].map { $0 > 0.5 ? 1 : 0 })
      let answer = BinaryMask(
        width: half, height: half,
        voxels: answers[slot * area..<(slot + 1) * area].map { $0 > 0 ? 1 : 0 })
      guard truth.count > 0, let click = SimulatedClick.next(in: truth, after: answer) else {
        continue
      }
      let at = slot * c.points + free
      places[at * 2] = Float((click.at[0] + 0.5) / Double(half))
      places[at * 2 + 1] = Float((click.at[1] + 0.5) / Double(half))
      let its: PointKind = click.isPositive ? .positive : .negative
      for k in 0..<count { kinds[at * count + k] = k == its.rawValue ? 1 : 0 }
    }
    (floats["places"], floats["kinds"]) = (places, kinds)
  }
}
