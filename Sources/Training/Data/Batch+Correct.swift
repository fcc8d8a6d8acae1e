import Foundation
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
    guard let first = integers["first"], let pair = floats["pair"],
      let valid = floats["valid"], let present = floats["present"],
      var places = floats["places"], var kinds = floats["kinds"],
      answers.count == first.count * area, let isTarget = onTargets(answers.count)
    else { return }
    func kind(_ slot: Int, _ point: Int) -> PointKind? {
      PointKind.allCases.first { kinds[(slot * c.points + point) * count + $0.rawValue] == 1 }
    }
    var asked: [(target: Int, slot: Int, free: Int)] = []
    for target in first.indices where valid[target] > 0 && present[target] > 0 {
      let slot = Int(first[target])
      let free = (2..<c.points).first { kind(slot, $0) == PointKind.none }
      let hasPlace = (0..<c.points).contains { kind(slot, $0) != PointKind.none }
      if pair[target] == 0, hasPlace, let free { asked.append((target, slot, free)) }
    }
    let chosen = asked
    let clicks = [Click?](unsafeUninitializedCapacity: chosen.count) { out, count in
      nonisolated(unsafe) let out = out
      DispatchQueue.concurrentPerform(iterations: chosen.count) { n in
        let (target, slot) = (chosen[n].target, chosen[n].slot)
        let truth = BinaryMask(
          width: half, height: half,
          voxels: (target * area..<(target + 1) * area).map { isTarget($0) ? 1 : 0 })
        let answer = BinaryMask(
          width: half, height: half,
          voxels: answers[slot * area..<(slot + 1) * area].map { $0 > 0 ? 1 : 0 })
        let click = truth.count > 0 ? SimulatedClick.next(in: truth, after: answer) : nil
        (out.baseAddress! + n).initialize(to: click)
      }
      count = chosen.count
    }
    for (click, ask) in zip(clicks, asked) {
      guard let click else { continue }
      let at = ask.slot * c.points + ask.free
      places[at * 2] = Float((click.at[0] + 0.5) / Double(half))
      places[at * 2 + 1] = Float((click.at[1] + 0.5) / Double(half))
      let its: PointKind = click.isPositive ? .positive : .negative
      for k in 0..<count { kinds[at * count + k] = k == its.rawValue ? 1 : 0 }
    }
    (floats["places"], floats["kinds"]) = (places, kinds)
  }

  /// Whether a pixel of all targets is mostly its target's; nil where there are not `count` pixels.
  private func onTargets(_ count: Int) -> (@Sendable (Int) -> Bool)? {
    if let values = floats["target"], values.count == count { return { values[$0] > 0.5 } }
    if let values = packed["target"], values.bytes.count == count { return { values[$0] > 0.5 } }
    return nil
  }
}
