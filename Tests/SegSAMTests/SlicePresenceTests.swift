import Testing

import func Foundation.log

@testable import SegSAM

@Suite("Presence over slices")
struct SlicePresenceTests {
  /// Which slices count, of one run.
  private func decided(_ chances: [Double?], upper: Double = 0.8, lower: Double = 0.4) -> [Bool] {
    var presence = SlicePresence(spacing: nil, slices: chances.count, runs: 1)
    for (k, chance) in chances.enumerated() {
      presence.decide(run: 0, slice: k, chance: chance, upper: upper, lower: lower)
    }
    presence.end()
    return chances.indices.map { presence.isPresent(run: 0, slice: $0) }
  }

  @Test("a slice over the lower threshold counts where a row of such leads to one over the upper")
  func hysteresis() {
    #expect(
      decided([0.1, 0.5, 0.5, 0.9, 0.6, 0.3, 0.6, 0.1])
        == [false, true, true, true, true, false, false, false])
  }

  @Test("a row that leads nowhere counts nowhere, at the end too")
  func alone() {
    #expect(decided([0.5, 0.5, 0.1, 0.5]) == [false, false, false, false])
  }

  @Test("what was not asked neither joins nor parts")
  func skipped() {
    #expect(decided([0.9, nil, 0.5, nil, nil, 0.5])[5])
    #expect(!decided([0.1, nil, 0.5, nil, 0.1])[2])
  }

  @Test("equal thresholds decide each slice by itself")
  func plain() {
    #expect(decided([0.9, 0.7, 0.8], lower: 0.8) == [true, false, true])
  }

  @Test("nothing is settled that a later slice may join")
  func settled() {
    var presence = SlicePresence(spacing: nil, slices: 3, runs: 2)
    presence.decide(run: 0, slice: 0, chance: 0.5, upper: 0.8, lower: 0.4)
    presence.decide(run: 1, slice: 0, chance: 0.9, upper: 0.8, lower: 0.4)
    #expect(!presence.isSettled(slice: 0))
    presence.decide(run: 0, slice: 1, chance: 0.2, upper: 0.8, lower: 0.4)
    #expect(presence.isSettled(slice: 0))
    #expect(!presence.isPresent(run: 0, slice: 0) && presence.isPresent(run: 1, slice: 0))
  }

  @Test("the lower threshold lies so many logits under the upper")
  func relaxed() {
    #expect(abs(PresenceScaling(slack: 2).relaxed(0.5) - 0.1192) < 1e-4)
    #expect(PresenceScaling().relaxed(0.5) == 0.5)
    #expect(PresenceScaling(slack: 2).relaxed(0) == 0)
  }

  @Test("presence is what the heads and the masks say, as the manifest weighs them")
  func presenceEvidence() {
    // M_b over 0 in one pixel; both decoders' mean is 3, -1, -1.5 and -5.
    let decoded = DecodedQuery(
      mask: [4, -1, -1, -6], candidates: [], iou: [0.5], semantic: [2, -1, -2, -4], presence: 1,
      naming: [])
    #expect(PresenceScaling().logit(PresenceEvidence(decoded, classLogit: 3)) == 2)
    #expect(PresenceScaling().logit(PresenceEvidence(decoded, classLogit: nil)) == 1)
    #expect(PresenceScaling(token: 1).logit(PresenceEvidence(decoded, classLogit: 3)) == 3)
    #expect(PresenceScaling(token: 1).logit(PresenceEvidence(decoded, classLogit: nil)) == 1)
    let drawn = PresenceScaling(drawn: 0.5).logit(PresenceEvidence(decoded, classLogit: 3))
    #expect(abs(drawn - (2 + 0.5 * log(2))) < 1e-9)
    #expect(PresenceScaling(peak: 0.5).logit(PresenceEvidence(decoded, classLogit: 3)) == 3.5)
    // Three of the four may be the object's.
    let vague = PresenceScaling(vague: -0.5).logit(PresenceEvidence(decoded, classLogit: 3))
    #expect(abs(vague - (2 - 0.5 * log(4))) < 1e-9)
    let sure = DecodedQuery(undecided: [900, -900], presence: 0)
    #expect(PresenceScaling(peak: 1).logit(PresenceEvidence(sure, classLogit: nil)) == 12)
  }
}
