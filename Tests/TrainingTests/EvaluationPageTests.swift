import Foundation
import Imaging
import SegSAM
import Testing

@testable import Training

@Suite("The page of an evaluation")
struct EvaluationPageTests {
  /// Right kidneys of three pictures, answered ever further off.
  private func evaluated(
    licence: String = "open"
  ) async throws -> (report: EvaluationReport, pictures: ExamplePictures) {
    let files = try SyntheticCorpus()
    defer { withExtendedLifetime(files) {} }
    let kidney: SyntheticCorpus.Shapes = [(1, 4, 8, 14, 24)]
    try files.add(
      "ren <b>", modality: "MR", labels: ["1": "right_kidney"],
      cases: ["a", "b", "c", "d"].map { ($0, "val", nil, kidney) } + [("e", "val", nil, [])])
    try files.change("ren <b>") {
      $0.replacingOccurrences(of: "\"open\"", with: "\"\(licence)\"")
    }
    let evaluation = Evaluation(
      corpus: try Corpus(directory: files.folder), split: .val, prompt: .text,
      vocabulary: SyntheticCorpus.vocabulary)
    let engine = AnsweringEngine { _, key in
      let off =
        ["a": 5, "b": 0, "c": 2, "d": 8].first { key.contains("\($0.key).png") }?.value ?? 0
      return .init(mask: AnsweringEngine.rectangle(4 + off, 8, 14 + off, 24))
    }
    let report = try await evaluation.run(engine)
    #expect(report.reliability.map(\.count) == [0, 0, 0, 0, 0, 0, 0, 0, 0, 5])
    let before = engine.queries.count
    let pictures = try await evaluation.pictures(of: report, engine: engine)
    // Only what is shown is asked again.
    #expect(engine.queries.count - before == (licence == "open" ? 3 : 0))
    return (report, pictures)
  }

  @Test("shows the best, the median and the worst image of a pair")
  func examples() async throws {
    let (report, pictures) = try await evaluated()
    let chosen = report.pairs[0].examples
    #expect(chosen.map(\.rank) == [.best, .median, .worst])
    #expect(chosen.map(\.place.image) == ["b.png", "a.png", "d.png"])
    #expect(chosen.map { ($0.dice * 100).rounded() } == [100, 50, 20])
    #expect(chosen.allSatisfy { $0.place.slice == nil })
    let page = EvaluationPage(report, pictures: pictures).html
    #expect(page.components(separatedBy: "<img ").count == 4)
    #expect(page.contains("worst, DSC 0.200: d.png"))
    #expect(page.contains("default-src 'none'"))
    #expect(!page.contains("<script") && !page.contains("http:"))
    #expect(page.contains("ren &lt;b&gt;") && !page.contains("ren <b>"))
    #expect(page.contains("DSC by pair") && page.contains("Reliability diagram"))
    #expect(!page.contains("against clicks"))
  }

  @Test("shows no picture that a licence does not allow")
  func licence() async throws {
    let (report, pictures) = try await evaluated(licence: "research")
    let page = EvaluationPage(report, pictures: pictures).html
    #expect(!page.contains("<img "))
    #expect(page.components(separatedBy: "no picture: licence").count == 4)
  }

  @Test("chooses each image once")
  func choice() {
    func shown(_ dices: [Double?]) -> [Tally.Shown] {
      dices.enumerated().map { n, dice in
        Tally.Shown(
          patient: "p", binaryDice: dice, rounds: [], place: CasePlace(image: "f", slice: n))
      }
    }
    let three = ExampleCase.choose(shown([0.5, nil, 0.1, 0.9, 0.7]))
    #expect(three.map(\.place.slice) == [3, 0, 2])
    #expect(ExampleCase.choose(shown([0.5, 0.1])).map(\.rank) == [.best, .worst])
    #expect(ExampleCase.choose(shown([0.5])).map(\.rank) == [.best])
    #expect(ExampleCase.choose(shown([nil])).isEmpty)
  }

  @Test("draws outlines small, in the colours of the legend")
  func outlines() throws {
    let image = MedicalImage(
      width: 400, height: 200, samples: (0..<80_000).map { Float($0 % 400) })
    var (answer, truth) = (BinaryMask(width: 400, height: 200), BinaryMask(width: 400, height: 200))
    // The answer is a line that shrinking could lose.
    for y in 50..<150 { for x in 100..<200 { truth.voxels[y * 400 + x] = 1 } }
    for x in 0..<400 { answer.voxels[180 * 400 + x] = 1 }
    let picture = try OutlinePicture.draw(image, answer: answer, truth: truth)
    #expect((picture.width, picture.height) == (160, 80))
    func pixel(_ x: Int, _ y: Int) -> [UInt8] {
      Array(picture.pixels[(y * 160 + x) * 3..<(y * 160 + x) * 3 + 3])
    }
    #expect((0..<160).allSatisfy { pixel($0, 72) == OutlinePicture.answerColour })
    #expect(pixel(40, 40) == OutlinePicture.truthColour)
    #expect(pixel(60, 40) != OutlinePicture.truthColour)
    let both = try OutlinePicture.draw(image, answer: truth, truth: truth, side: 40)
    #expect(
      both.width == 40 && both.pixels[(5 * 40 + 5) * 3..<(5 * 40 + 5) * 3 + 3] != [255, 255, 255])
    #expect(Array(both.pixels[(10 * 40 + 10) * 3..<(10 * 40 + 10) * 3 + 3]) == [255, 255, 255])
    #expect(throws: ImagingError.self) {
      try OutlinePicture.draw(image, answer: BinaryMask(width: 4, height: 4), truth: truth)
    }
  }

  @Test("plots clicks where there were several")
  func clicks() async throws {
    var (report, _) = try await evaluated()
    report.clickDice = [0.25, 0.5, 0.75]
    let page = EvaluationPage(report).html
    #expect(page.contains("DSC against clicks") && page.contains("<title>2: 0.500</title>"))
    #expect(page.contains("no picture<"))
    // Clicks ask for nothing that is not there: presence says nothing.
    report.reliability = []
    #expect(!EvaluationPage(report).html.contains("Reliability diagram"))
  }

  @Test("finds a volume's slices again")
  func volumes() async throws {
    let files = try SyntheticCorpus()
    defer { withExtendedLifetime(files) {} }
    let kidney: SyntheticCorpus.Shapes = [(1, 4, 8, 14, 24)]
    try files.add(
      "ren", modality: "MR", labels: ["1": "right_kidney"], cases: [("a", "val", nil, kidney)])
    // In its place a volume of four slices, in the radiological order, so that nothing is turned.
    let (w, h) = (SyntheticCorpus.width, SyntheticCorpus.height)
    let mask = AnsweringEngine.rectangle(4, 8, 14, 24).voxels
    let labels = LabelMap(
      width: w, height: h, depth: 4, labels: (0..<4).flatMap { _ in mask.map { UInt16($0) } })
    let folder = files.folder.appendingPathComponent("ren").path
    for name in ["a.nii", "a_mask.nii"] {
      try NIfTIFile.write(
        labels: labels, affine: .radiological(), path: "\(folder)/\(name)")
    }
    try files.change("ren") { $0.replacingOccurrences(of: ".png", with: ".nii") }
    let evaluation = Evaluation(
      corpus: try Corpus(directory: files.folder), split: .val, prompt: .text,
      vocabulary: SyntheticCorpus.vocabulary)
    let engine = AnsweringEngine { _, key in
      let off = [3, 1, 0, 7][Int(String(key.last ?? "0")) ?? 0]
      return .init(mask: AnsweringEngine.rectangle(4 + off, 8, 14 + off, 24))
    }
    let report = try await evaluation.run(engine)
    #expect(report.pairs[0].examples.map(\.place.slice) == [2, 0, 3])
    #expect(report.pairs[0].volumes == 1)
    // The volume was asked whole: once to measure it.
    #expect(engine.queries.count == 1)
    let pictures = try await evaluation.pictures(of: report, engine: engine)
    #expect(EvaluationPage(report, pictures: pictures).html.contains("a.nii, slice 3"))
    guard
      case .picture(let best) = pictures.contents[
        .init(dataSet: "ren", category: "right_kidney", rank: .best)]
    else { throw CorpusError("ren", "no picture of the best slice") }
    #expect((best.width, best.height) == (160, 120))
    #expect(Array(best.pixels[(64 * 160 + 16) * 3..<(64 * 160 + 16) * 3 + 3]) == [255, 255, 255])
  }
}
