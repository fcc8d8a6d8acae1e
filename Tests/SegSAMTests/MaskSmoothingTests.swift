import Testing

import func Foundation.exp

@testable import SegSAM

@Suite("Masks across slices")
struct MaskSmoothingTests {
  private func decoded(_ logit: Float) -> DecodedQuery {
    DecodedQuery(
      mask: [logit, 0], candidates: [7], iou: [0.5], semantic: [0, 2 * logit], presence: logit,
      naming: [1])
  }

  @Test("a slice's logits are the mean with its neighbours', by their distance")
  func mean() throws {
    // Two standard deviations are four slices of half a millimetre.
    let smoothing = MaskSmoothing(reach: 1, spacing: 0.5, slices: 20)
    #expect(smoothing.radius == 4)
    let slices = (0..<12).map { ($0, decoded($0 == 3 ? 1 : 0)) }
    let all = (0...4).map { exp(-Float($0 * $0) / 8) }
    let sum = all[0] + 2 * all[1...].reduce(0, +)
    for place in 4..<8 {
      let made = try #require(smoothing.mean(of: slices, at: place))
      #expect(abs(made.mask[0] - all[place - 3] / sum) < 1e-6 && made.mask[1] == 0)
      #expect(abs(made.semantic[1] - 2 * made.mask[0]) < 1e-6)
      // What is not a mask stays the slice's own.
      #expect(made.presence == 0 && made.candidates == [7] && made.naming == [1])
    }
    // Further than two standard deviations.
    #expect(try #require(smoothing.mean(of: slices, at: 8)).mask[0] == 0)
  }

  @Test("slices at the ends and beside what was not asked count with those that there are")
  func gaps() throws {
    let smoothing = MaskSmoothing(reach: 1, spacing: 1, slices: 3)
    let near = exp(Float(-0.5))
    let made = try #require(
      smoothing.mean(of: [(0, decoded(2)), (1, decoded(5))], at: 0))
    #expect(abs(made.mask[0] - (2 + 5 * near) / (1 + near)) < 1e-5)
    #expect(smoothing.mean(of: [(0, decoded(2))], at: 1) == nil)
  }

  @Test("without a distance between slices, or with one slice, each stands for itself")
  func alone() {
    for smoothing in [
      MaskSmoothing(reach: 1, spacing: nil, slices: 9),
      MaskSmoothing(reach: 0, spacing: 1, slices: 9),
      MaskSmoothing(reach: 1, spacing: 1, slices: 1),
      MaskSmoothing(reach: 1, spacing: 3, slices: 9),
    ] {
      #expect(smoothing.radius == 0)
      #expect(smoothing.mean(of: [(0, decoded(2)), (1, decoded(5))], at: 0) == nil)
    }
  }
}
