import Testing

@testable import Imaging

@Suite("Normalisation by the foreground")
struct ForegroundNormalisationTests {
  @Test("takes what lies above the mean, clips it at its percentiles, and makes scores of it")
  func known() throws {
    // Mean 100/9, so that 20, 30 and 40 are left: mean 30, deviation √(200/3), and between the
    // ranks by straight lines 20 + 0.0005 · 2 · 10 and 40 − 0.0005 · 2 · 10.
    let samples: [Float] = [0, 40, 0, 20, 0, 10, 0, 30, 0]
    let found = try #require(ForegroundNormalisation(samples))
    #expect(abs(found.low - 20.01) < 1e-4)
    #expect(abs(found.high - 39.99) < 1e-4)
    #expect(abs(found.mean - 30) < 1e-5)
    #expect(abs(found.deviation - 8.164_966) < 1e-5)
    let scores = found.scores([30, 1000, -1000, 35])
    for (score, wanted) in zip(scores, [0, 1.223_520, -1.223_520, 0.612_372] as [Float]) {
      #expect(abs(score - wanted) < 1e-4)
    }
  }

  @Test("agrees with sorting on many values, whatever their order")
  func many() throws {
    // 0…9999, so that 5000…9999 are above the mean: 0.0005 · 4999 ranks from either end.
    let samples = (0..<10_000).map { Float(($0 * 7919) % 10_000) }
    let found = try #require(ForegroundNormalisation(samples))
    #expect(abs(found.low - 5002.4995) < 1e-2)
    #expect(abs(found.high - 9996.5005) < 1e-2)
    #expect(abs(found.mean - 7499.5) < 1e-2)
    // Of n numbers in a row: √((n² − 1) / 12).
    #expect(abs(found.deviation - 1443.3756) < 1e-1)
    #expect(ForegroundNormalisation(samples.reversed()) == found)
  }

  @Test("leaves out what is no number, and says when there is no foreground")
  func edges() throws {
    let found = try #require(ForegroundNormalisation([0, .nan, 1, .infinity, 1, -.infinity, 0]))
    #expect((found.low, found.high, found.mean, found.deviation) == (1, 1, 1, 0))
    #expect(found.scores([.nan, 0, 5]) == [0, 0, 0])
    #expect(ForegroundNormalisation([]) == nil)
    #expect(ForegroundNormalisation([3, 3, 3]) == nil)
    #expect(ForegroundNormalisation([.nan, .infinity]) == nil)
  }
}
