import Imaging
import Testing

@testable import SegSAM
@testable import Training

@Suite("What an evaluation says")
struct EvaluationTests {
  /// A row of pixels: `shared` in both, the rest in one.
  private func overlap(shared: Int, answered: Int, drawn: Int) throws -> Overlap {
    var (a, b) = (BinaryMask(width: 100, height: 1), BinaryMask(width: 100, height: 1))
    for i in 0..<answered { a.voxels[i] = 1 }
    for i in answered - shared..<answered - shared + drawn { b.voxels[i] = 1 }
    return try Overlap(a, b)
  }

  private func tally(
    _ category: String, dices: [(patient: String, shared: Int)], in set: String = "set"
  ) throws -> Tally {
    var tally = Tally(dataSet: set, category: category, modality: "CT")
    for each in dices {
      let score = QueryScore(
        binary: try overlap(shared: each.shared, answered: 10, drawn: 10), semanticDice: 0.25,
        presence: 0.9)
      tally.add(score, pixels: 10, patient: each.patient, tolerance: 2)
    }
    return tally
  }

  private func report(_ tallies: [Tally]) -> EvaluationReport {
    EvaluationReport(
      tallies: tallies, model: "m", version: "1", split: "val", prompts: "text", stride: 1,
      tolerance: 2, seconds: 0)
  }

  @Test("is the mean over pairs, not over images")
  func means() throws {
    let made = report([
      try tally("liver", dices: [("a", 10), ("a", 10), ("b", 10)]),
      try tally("spleen", dices: [("a", 5)]),
    ])
    #expect(made.pairs.map(\.n) == [3, 1])
    #expect(made.pairs.map(\.binaryDice) == [1, 0.5])
    #expect(made.meanBinaryDice == 0.75)
    #expect(made.meanSemanticDice == 0.25)
    #expect(made.pairs.map(\.patients) == [2, 1])
    #expect(made.byCategory.map(\.name) == ["liver", "spleen"])
    #expect(made.byDataSet.map(\.binaryDice) == [0.75])
    #expect(made.csv.split(separator: "\n").count == 3)
  }

  @Test("counts a trace as neither there nor absent, and a mask of what is absent as false")
  func presence() throws {
    var tally = Tally(dataSet: "s", category: "liver", modality: "CT")
    for (pixels, chance, hasMask) in [
      (10, 0.8, true), (9, 0.7, true), (0, 0.6, true), (0, 0.1, false),
    ] {
      let answer = try overlap(shared: 0, answered: hasMask ? 5 : 0, drawn: pixels)
      tally.add(
        QueryScore(binary: answer, presence: chance), pixels: pixels, patient: "p", tolerance: 2)
    }
    let measure = tally.measure
    #expect(measure.positives == 1 && measure.negatives == 2)
    #expect(measure.falseMasks == 1)
    #expect(measure.auroc == 1)
    #expect(report([tally]).falseMaskRate == 0.5)
    // One image of each kind is too few for the mean.
    #expect(report([tally]).meanAUROC == nil)
  }

  @Test("has intervals that hold the mean, over patients and not images")
  func intervals() throws {
    // Many images of two patients: the spread is that of two, all of one or all of the other.
    let many = (0..<50).flatMap { _ in [("a", 2), ("b", 8)] }
      .map { (patient: $0.0, shared: $0.1) }
    let made = report([try tally("liver", dices: many)])
    let interval = try #require(made.pairs[0].binaryInterval)
    #expect(abs(interval.low - 0.2) < 1e-9 && abs(interval.high - 0.8) < 1e-9)
    // Of one patient nothing can be said.
    let one = report([try tally("liver", dices: [("a", 2), ("a", 9)])])
    #expect(one.pairs[0].binaryInterval == nil)
    #expect(Bootstrap.middle((1...1000).map(Double.init)) == Interval(low: 26, high: 976))
  }

  @Test("clicks deepest inside the object, then deepest inside what is wrong")
  func clicks() throws {
    func square(_ x: Int, _ y: Int, _ side: Int) -> BinaryMask {
      var mask = BinaryMask(width: 30, height: 20)
      for j in y..<y + side { for i in x..<x + side { mask.voxels[j * 30 + i] = 1 } }
      return mask
    }
    let truth = square(4, 5, 7)
    let first = try #require(SimulatedClick.next(in: truth, after: nil))
    #expect(first.at == [7, 8] && first.isPositive)
    // An answer beside the object: its own place, larger than the object, is the worst error.
    let beside = square(15, 5, 9)
    let second = try #require(SimulatedClick.next(in: truth, after: beside))
    #expect(second.at == [19, 9] && !second.isPositive)
    // An empty answer misses the object.
    let none = try #require(SimulatedClick.next(in: truth, after: square(0, 0, 0)))
    #expect(none.at == [7, 8] && none.isPositive)
    #expect(SimulatedClick.next(in: truth, after: truth) == nil)
    #expect(SimulatedClick.next(in: square(0, 0, 0), after: nil) == nil)
  }

  @Test("averages the clicks' rounds over images, then over pairs")
  func rounds() throws {
    func tally(_ category: String, _ rounds: [[Double]]) throws -> Tally {
      var tally = Tally(dataSet: "s", category: category, modality: "CT")
      for each in rounds {
        let score = QueryScore(
          binary: try overlap(shared: 5, answered: 10, drawn: 10), presence: 1, rounds: each)
        tally.add(score, pixels: 10, patient: "p", tolerance: 2)
      }
      return tally
    }
    let made = report([
      try tally("liver", [[0.2, 0.4], [0.4, 0.8]]), try tally("spleen", [[0.5, 1]]),
    ])
    #expect(made.clickDice.map { ($0 * 1000).rounded() } == [400, 800])
  }

  @Test("has the calibration error of its definition")
  func calibration() {
    #expect(Calibration.error(positives: [], negatives: []) == nil)
    #expect(Calibration.error(positives: [1, 1], negatives: [0]) == 0)
    // One bin of four: said 0.75, came true once.
    let off = Calibration.error(
      positives: [0.75], negatives: [0.75, 0.75, 0.75])
    #expect(abs((off ?? 0) - 0.5) < 1e-12)
    // Two bins, weighted by their counts.
    let two = Calibration.error(positives: [0.95], negatives: [0.25, 0.25, 0.25])
    #expect(abs((two ?? 0) - (0.05 + 3 * 0.25) / 4) < 1e-12)
  }

  @Test("puts what was said into bins, with what came true")
  func reliability() {
    let bins = Calibration.reliability(
      positives: [0.95, 1, 0.25], negatives: [0.91, 0.25, 0.21, 0], bins: 10)
    #expect(bins.map(\.count) == [1, 0, 3, 0, 0, 0, 0, 0, 0, 3])
    #expect(bins[9].cameTrue == 2.0 / 3 && bins[2].cameTrue == 1.0 / 3)
    #expect(abs((bins[9].said ?? 0) - 2.86 / 3) < 1e-12)
    #expect(bins[1].said == nil && bins[0].cameTrue == 0)
    // The weighted distance is the calibration error.
    let error = bins.reduce(0) { $0 + Double($1.count) * abs(($1.said ?? 0) - ($1.cameTrue ?? 0)) }
    let wanted = Calibration.error(
      positives: [0.95, 1, 0.25], negatives: [0.91, 0.25, 0.21, 0], bins: 10)
    #expect(abs(error / 7 - (wanted ?? 0)) < 1e-12)
  }

  @Test("finds the scaling that was lost")
  func scaling() throws {
    // Chances 0.1, 0.2, … that come true as often as they say, then distorted.
    var (positives, negatives): ([Double], [Double]) = ([], [])
    let lost = PresenceScaling(scale: 0.5, offset: 1)
    for tenth in 1..<10 {
      let said = Double(tenth) / 10
      let distorted = Calibration.scaled(said, by: lost)
      positives += [Double](repeating: distorted, count: tenth * 20)
      negatives += [Double](repeating: distorted, count: (10 - tenth) * 20)
    }
    let fitted = try #require(Calibration.fit(positives: positives, negatives: negatives))
    #expect(abs(fitted.scale - 2) < 1e-3 && abs(fitted.offset + 2) < 1e-3)
    let before = try #require(Calibration.error(positives: positives, negatives: negatives))
    let after = try #require(
      Calibration.error(
        positives: positives.map { Calibration.scaled($0, by: fitted) },
        negatives: negatives.map { Calibration.scaled($0, by: fitted) }))
    #expect(before > 0.15 && after < 0.01)
    #expect(Calibration.fit(positives: [0.5], negatives: []) == nil)
    // What can be told apart for good has no best scaling.
    #expect(Calibration.fit(positives: [0.9, 0.8], negatives: [0.1, 0.2]) == nil)
  }

  @Test("fits thresholds at which false masks are few and what is drawn well stays")
  func thresholds() throws {
    let truth = BinaryMask(width: 4, height: 4, voxels: [UInt8](repeating: 1, count: 16))
    let (good, bad) = (
      try Overlap(truth, truth), try Overlap(BinaryMask(width: 4, height: 4), truth)
    )
    // Of each: 100 images that show it, half of them drawn badly and said with less, and 100 that do not.
    func tally(_ category: String, absentUpTo top: Double) -> Tally {
      var tally = Tally(dataSet: "s", category: category, modality: "CT")
      for n in 0..<100 {
        tally.add(
          QueryScore(binary: n < 50 ? bad : good, presence: 0.3 + 0.004 * Double(n)), pixels: 50,
          patient: "p", tolerance: 2)
        tally.add(
          QueryScore(presence: top * Double(n) / 100), pixels: 0, patient: "p", tolerance: 2)
      }
      return tally
    }
    // Said with 0 to 0.49 where it is not there: only what is drawn badly has to go.
    let apart = tally("liver", absentUpTo: 0.5)
    let fitted = try #require(PresenceCalibration.thresholds([apart])["liver"])
    #expect(fitted > 0.47 && fitted <= 0.5)
    // Said with up to 0.79: 2 of 100 may stay, whatever else goes.
    let mixed = PresenceCalibration.thresholds([tally("spleen", absentUpTo: 0.8)])
    let high = try #require(mixed["spleen"])
    #expect(high > 0.66)
    let scaling = PresenceScaling(scale: 1, offset: -1)
    let scaled = try #require(PresenceCalibration.thresholds([apart], scaling: scaling)["liver"])
    #expect(abs(scaled - scaling.chance(0)) < 0.02)
    #expect(
      PresenceCalibration.thresholds([Tally(dataSet: "s", category: "c", modality: "CT")]).isEmpty)
  }
}
