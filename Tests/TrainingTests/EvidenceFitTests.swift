import SegSAM
import Testing

import func Foundation.exp

@testable import Training

@Suite("How evidence of presence is weighed")
struct EvidenceFitTests {
  /// Images of which the chance to show it is a sigmoid of a weighed sum; the query's own head is noise.
  private func tally(
    _ category: String, intercept: Double, images: Int, own: Double = 0, seed: UInt64
  ) -> Tally {
    var random = SeededRandom(seed: seed)
    var tally = Tally(dataSet: "s", category: category, modality: "CT")
    for _ in 0..<images {
      func any() -> Double { Double(random.uniform(-4, 4)) }
      let said = PresenceEvidence(own: any(), token: any(), area: any(), peak: any(), vague: any())
      let z =
        intercept + own * said.own + 1.2 * (said.token ?? 0) + 0.6 * said.area + 0.3 * said.peak
        - 0.9 * said.vague
      let isThere = Double(random.unit()) < 1 / (1 + exp(-z))
      tally.add(
        QueryScore(presence: 0.5, evidence: said), pixels: isThere ? 50 : 0, patient: "p",
        tolerance: 2)
    }
    return tally
  }

  @Test("finds what presence was made of, though one category is shown far more often than another")
  func recovers() throws {
    let fitted = try #require(
      EvidenceFit([
        tally("liver", intercept: 3, images: 4000, seed: 1),
        tally("spleen", intercept: -3, images: 4000, seed: 2),
      ])?.scaling)
    #expect(abs(fitted.scale - 1.2) < 0.12)
    #expect((fitted.token ?? 0) > 0.95)
    #expect(abs((fitted.drawn ?? 0) - 0.5) < 0.06)
    #expect(abs((fitted.peak ?? 0) - 0.25) < 0.06)
    #expect(abs((fitted.vague ?? 0) + 0.75) < 0.08)
    #expect(fitted.offset == 0)
  }

  @Test("shares the logit between both heads where both say something, and none has a wrong sign")
  func heads() throws {
    let both = try #require(
      EvidenceFit([tally("liver", intercept: 0, images: 4000, own: 0.4, seed: 3)])?.scaling)
    #expect(abs((both.token ?? 0) - 0.75) < 0.05)
    let contrary = try #require(
      EvidenceFit([tally("liver", intercept: 0, images: 4000, own: -0.4, seed: 4)])?.scaling)
    #expect(contrary.token == 1)
  }

  @Test("fits nothing to what is always there, to few images, or where no CO-token speaks")
  func tooLittle() {
    #expect(EvidenceFit([]) == nil)
    #expect(EvidenceFit([tally("liver", intercept: 90, images: 100, seed: 5)]) == nil)
    #expect(EvidenceFit([tally("liver", intercept: 0, images: 6, seed: 6)]) == nil)
    var free = Tally(dataSet: "s", category: "text", modality: "CT")
    for n in 0..<40 {
      free.add(
        QueryScore(
          presence: 0.5, evidence: PresenceEvidence(own: Double(n), area: 1, peak: 1, vague: 1)),
        pixels: n < 20 ? 50 : 0, patient: "p", tolerance: 2)
    }
    #expect(EvidenceFit([free]) == nil)
    // Of volumes asked whole it is not known.
    let pictures = tally("liver", intercept: 0, images: 400, seed: 7)
    #expect(EvidenceFit([pictures]) != nil)
    var volumes = Tally(dataSet: "v", category: "spleen", modality: "CT")
    for n in 0..<500 {
      volumes.add(QueryScore(presence: 0.5), pixels: n % 2 * 50, patient: "p", tolerance: 2)
    }
    #expect(EvidenceFit([pictures, volumes]) == nil)
  }
}
