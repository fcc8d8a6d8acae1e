import Imaging
import SegSAM
import Testing

@testable import Training

@Suite("Simulated prompts")
struct SimulatedPromptTests {
  typealias Engine = AnsweringEngine

  private func union(_ masks: [BinaryMask]) -> BinaryMask {
    var whole = BinaryMask(width: SyntheticCorpus.width, height: SyntheticCorpus.height)
    for mask in masks { for n in mask.voxels.indices { whole.voxels[n] |= mask.voxels[n] } }
    return whole
  }

  /// Squares of sides 3, 9, 5 and 7, from the left.
  private let squares = [
    AnsweringEngine.rectangle(1, 1, 4, 4), AnsweringEngine.rectangle(6, 2, 15, 11),
    AnsweringEngine.rectangle(17, 20, 22, 25), AnsweringEngine.rectangle(30, 4, 37, 11),
  ]

  private func evaluation(
    _ prompt: EvaluationPrompt, _ mode: PromptMode? = nil, in files: SyntheticCorpus
  ) throws -> Evaluation {
    var made = Evaluation(
      corpus: try Corpus(directory: files.folder), split: .val, prompt: prompt,
      vocabulary: SyntheticCorpus.vocabulary)
    made.mode = mode
    return made
  }

  private func cells() throws -> SyntheticCorpus {
    let files = try SyntheticCorpus()
    let shapes: SyntheticCorpus.Shapes = [
      (1, 1, 1, 4, 4), (1, 6, 2, 15, 11), (1, 17, 20, 22, 25), (1, 30, 4, 37, 11),
    ]
    try files.add(
      "cells", modality: "GM", labels: ["1": "cell"], cases: [("a", "val", nil, shapes)])
    return files
  }

  @Test("click first where the object is deepest, one of equals by lot, the same in every run")
  func first() throws {
    // All along its middle line a bar is as deep.
    let bar = Engine.rectangle(5, 10, 35, 15)
    var spots: Set<[Double]> = []
    for n in 0..<60 {
      var (random, again) = (SeededRandom(for: "bar \(n)"), SeededRandom(for: "bar \(n)"))
      let click = try #require(SimulatedClick.first(in: bar, random: &random))
      #expect(click.isPositive && click.at[1] == 12 && (7...32).contains(click.at[0]))
      #expect(SimulatedClick.first(in: bar, random: &again) == click)
      spots.insert(click.at)
    }
    #expect(spots.count > 10)
    var random = SeededRandom(for: "")
    #expect(SimulatedClick.first(in: Engine.rectangle(0, 0, 0, 0), random: &random) == nil)
  }

  @Test("are set at the regions that their mode names")
  func modes() throws {
    let (truth, files) = (union(squares), try cells())
    func made(_ mode: PromptMode) throws -> ObjectPrompt {
      try evaluation(mode.isOfPoints ? .points : .box, mode, in: files)
        .prompt(for: "cell", truth: truth, key: "k")
    }
    let centres = [[10.0, 6], [33, 7], [19, 22]]
    #expect(try made(.pointLargest).queries.map { $0.clicks.map(\.at) } == [[centres[0]]])
    #expect(try made(.pointParts).queries.map { $0.clicks.map(\.at) } == [centres])
    let boxes = [[6.0, 2, 15, 11], [30, 4, 37, 11], [17, 20, 22, 25]]
    #expect(try made(.boxLargest).queries.map(\.box?.bounds) == [boxes[0]])
    #expect(try made(.boxParts).queries.map(\.box?.bounds) == boxes)
    #expect(try made(.boxParts).targets == [squares[1], squares[3], squares[2]])
    #expect(try made(.boxWhole).queries.map(\.box?.bounds) == [[1, 1, 37, 25]])
    for mode in PromptMode.allCases {
      let empty = try evaluation(mode.isOfPoints ? .points : .box, mode, in: files)
        .prompt(for: "cell", truth: Engine.rectangle(0, 0, 0, 0), key: "k")
      #expect(empty.queries.isEmpty)
      #expect(try made(mode).queries.allSatisfy { $0.subject == .unnamed })
    }
  }

  @Test("leave out objects that are too small or in pieces, if asked to")
  func chosen() throws {
    var evaluation = try evaluation(.box, in: try cells())
    func asks(_ truth: BinaryMask) -> Bool {
      !evaluation.prompt(for: "cell", truth: truth, key: "k").queries.isEmpty
    }
    #expect(asks(union(squares)) && asks(squares[0]) == false)
    evaluation.leastPixels = 49
    #expect(asks(squares[3]) && !asks(squares[2]))
    evaluation.wantsSingle = true
    #expect(asks(squares[3]) && !asks(union(squares)))
  }

  @Test("in a volume are set on the slice, among its neighbours")
  func lifted() {
    let query = Query(
      .unnamed, box: Box([1, 2, 5, 6]), clicks: [Click(at: [3, 4], isPositive: true)])
    let lifted = query.lifted(to: 2)
    #expect(lifted.box?.bounds == [1, 2, 2, 5, 6, 3])
    #expect(lifted.clicks.map(\.at) == [[3, 4, 2]])
  }

  @Test("of several boxes unite their masks")
  func united() async throws {
    let squares = squares
    // Each box is answered with what is in it.
    let engine = Engine { query, _ in
      let b = (query.box?.bounds ?? [0, 0, 0, 0]).map { Int($0) }
      return .init(mask: Engine.rectangle(b[0], b[1], b[2], b[3]))
    }
    let files = try cells()
    defer { withExtendedLifetime(files) {} }
    let report = try await evaluation(.box, .boxParts, in: files).run(engine)
    let sizes = squares.map(\.count)
    let three = sizes.reduce(0, +) - 9
    #expect(engine.queries.count == 3)
    let dice = try #require(report.pairs[0].binaryDice)
    #expect(abs(dice - 2 * Double(three) / Double(2 * three + 9)) < 1e-12)
    #expect(report.mode == "box-parts" && report.setting.contains("box-parts"))
  }

  @Test("click on where the answer was most wrong, round by round")
  func rounds() async throws {
    let squares = squares
    let whole = union(squares)
    // Each click on a square is answered with the squares clicked on.
    let engine = Engine { query, _ in
      var mask = Engine.rectangle(0, 0, 0, 0)
      for click in query.clicks where click.isPositive {
        let at = Int(click.at[1]) * SyntheticCorpus.width + Int(click.at[0])
        for square in squares where square.voxels[at] != 0 {
          for n in mask.voxels.indices { mask.voxels[n] |= square.voxels[n] }
        }
      }
      return .init(mask: mask)
    }
    let files = try cells()
    defer { withExtendedLifetime(files) {} }
    var asked = try evaluation(.points, in: files)
    asked.clicks = 5
    let report = try await asked.run(engine)
    var (count, wanted): (Int, [Double]) = (0, [])
    for square in [1, 3, 2, 0] {
      count += squares[square].count
      wanted.append(2 * Double(count) / Double(count + whole.count))
    }
    // After the fourth nothing is wrong any more: the fifth round asks the same again.
    #expect(report.clickDice == wanted + [1])
    #expect(engine.queries.map(\.clicks.count) == [1, 2, 3, 4, 4])
  }

  @Test("by the oracle measure the nearest of all candidates, else the model's own")
  func oracle() async throws {
    let engine = Engine { _, _ in
      .init(
        mask: Engine.rectangle(0, 0, 40, 30),
        alternatives: [Engine.rectangle(0, 0, 2, 2), Engine.rectangle(4, 8, 14, 24)])
    }
    let files = try SyntheticCorpus()
    defer { withExtendedLifetime(files) {} }
    try files.add(
      "one", modality: "MR", labels: ["1": "right_kidney"],
      cases: [("a", "val", nil, [(1, 4, 8, 14, 24)])])
    for prompt in [EvaluationPrompt.box, .points] {
      var asked = try evaluation(prompt, in: files)
      let standard = try await asked.run(engine)
      #expect(try #require(standard.meanBinaryDice) < 0.3 && !standard.isOracle)
      asked.measuresOracle = true
      let oracle = try await asked.run(engine)
      #expect(oracle.meanBinaryDice == 1 && oracle.isOracle)
    }
  }
}
