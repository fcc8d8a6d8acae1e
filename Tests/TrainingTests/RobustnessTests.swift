import Imaging
import SegSAM
import Testing
import Vocabulary

@testable import Training

@Suite("Asked in other words")
struct RobustnessTests {
  /// Two kidneys with descriptions and names, and a cell that only a microscope shows.
  static let vocabulary: Vocabulary = {
    func entry(
      _ id: String, _ name: String, _ side: Category.Laterality, en: [String] = [],
      la: [String] = [], zh: [String] = [], modalities: [String] = ["MR"]
    ) -> Category {
      let code = Category.CodedConcept(scheme: "99TEST", value: id, meaning: id)
      return Category(
        id: id, name: name, names: ["en": [name] + en, "la": la, "zh": zh], region: "abdomen",
        laterality: side, modalities: modalities, color: .init(red: 1, green: 2, blue: 3),
        dicom: .init(category: code, type: code))
    }
    func description(_ id: String, _ side: String) -> Description {
      Description(
        category: id, template: "t", date: "2026-01-01", shape: "A bean.", texture: "Smooth.",
        location: "On the \(side).", appearance: ["MR": "Bright."], neighbours: "Bowel.")
    }
    return Vocabulary(
      categories: [
        entry(
          "left_kidney", "left kidney", .left, en: ["kidney on the left"], la: ["ren sinister"],
          zh: ["左肾"]),
        entry("right_kidney", "right kidney", .right, la: ["ren dexter"], zh: ["右肾"]),
        entry("cell", "cell", .unpaired, modalities: ["GM"]),
      ],
      descriptions: [description("left_kidney", "left"), description("right_kidney", "right")])
  }()

  @Test("slips of typing are one letter off, the same in every run")
  func misspelling() throws {
    for kind in Misspelling.allCases {
      var made: Set<String> = []
      for n in 0..<30 {
        var (random, again) = (SeededRandom(seed: UInt64(n)), SeededRandom(seed: UInt64(n)))
        let text = try #require(kind.made(in: "left kidney", random: &random))
        #expect(kind.made(in: "left kidney", random: &again) == text)
        let longer = text.count - "left kidney".count
        #expect(longer == [.dropped: -1, .doubled: 1, .exchanged: 0][kind])
        #expect(text != "left kidney" && text.contains(" "))
        if kind == .exchanged { #expect(text.sorted() == "left kidney".sorted()) }
        made.insert(text)
      }
      #expect(made.count > 3)
    }
    var random = SeededRandom(seed: 1)
    #expect(Misspelling.exchanged.made(in: "aa b", random: &random) == nil)
    #expect(Misspelling.dropped.made(in: "a", random: &random) == nil)
  }

  @Test(
    "sides are exchanged as whole words",
    arguments: [
      ("Left-sided, in the right lobe", "Right-sided, in the left lobe"),
      ("bright, upright and leftover", "bright, upright and leftover"),
      ("leftward of it: left", "rightward of it: right"), ("", ""),
    ])
  func swap(_ text: String, _ wanted: String) {
    #expect(SideSwap.apply(text) == wanted)
    #expect(SideSwap.apply(wanted) == text)
  }

  @Test("a category is asked for by all its names and sentences")
  func phrasings() {
    let made = Phrasing.all(of: "left_kidney", modality: "MR", vocabulary: Self.vocabulary)
    func texts(_ wording: Wording) -> [String] { made.filter { $0.wording == wording }.map(\.text) }
    #expect(texts(.usual) == ["left kidney"])
    #expect(texts(.synonym) == ["kidney on the left"])
    #expect(texts(.latin) == ["ren sinister"] && texts(.chinese) == ["左肾"])
    #expect(texts(.misspelling).count == 3)
    #expect(texts(.passage) == ["A bean. Smooth. On the left. Bright. Bowel."])
    let swapped = made.first { $0.wording == .swappedSides }?.query
    #expect(swapped?.subject == .category("left_kidney"))
    #expect(
      swapped?.sentences
        == ["right kidney", "A bean.", "Smooth.", "On the right.", "Bright.", "Bowel."])
    let other = Phrasing.all(
      of: "left_kidney", modality: "MR", vocabulary: Self.vocabulary, paraphrases: ["The bean."])
    #expect(
      other.filter { $0.wording == .paraphrase }.map(\.query) == [Query(.freeText("The bean."))])
    // What has no side and no description is asked by name alone.
    let cell = Phrasing.all(of: "cell", modality: "GM", vocabulary: Self.vocabulary)
    #expect(Set(cell.map(\.wording)) == [.usual, .misspelling])
    #expect(Phrasing.all(of: "nothing", modality: "GM", vocabulary: Self.vocabulary).isEmpty)
  }

  @Test("measures how the answers change")
  func run() async throws {
    let files = try SyntheticCorpus()
    defer { withExtendedLifetime(files) {} }
    try files.add(
      "both", modality: "MR", labels: ["1": "left_kidney", "2": "right_kidney"],
      cases: ["a", "b"].map {
        ($0, "val", nil, [(1, 26, 8, 36, 24), (2, 4, 8, 14, 24)])
      } + [("c", "val", nil, [(2, 4, 8, 14, 24)])])
    try files.add(
      "cells", modality: "GM", labels: ["1": "cell"],
      cases: [("a", "val", nil, [(1, 10, 5, 20, 15)])])
    let (left, right) = (
      AnsweringEngine.rectangle(26, 8, 36, 24), AnsweringEngine.rectangle(4, 8, 14, 24)
    )
    // By its name each side is found; what the description says is believed before the name; free
    // text finds the left kidney's upper half, sentences without a name nothing.
    let engine = AnsweringEngine(trained: ["left_kidney", "right_kidney", "cell"]) { query, key in
      switch query.subject {
      case .freeText:
        return .init(
          mask: query.sentences.isEmpty
            ? AnsweringEngine.rectangle(26, 8, 36, 16) : AnsweringEngine.rectangle(0, 0, 0, 0))
      case .category("cell"): return .init(mask: AnsweringEngine.rectangle(10, 5, 20, 15))
      case .category(let id):
        let said = query.sentences.isEmpty ? id : query.sentences[0]
        // A cell's picture shows no kidneys.
        if key.hasPrefix("cells") { return .init(mask: AnsweringEngine.rectangle(0, 0, 0, 0)) }
        return .init(mask: said.hasPrefix("left") ? left : right)
      case .unnamed: return .init(mask: AnsweringEngine.rectangle(0, 0, 0, 0))
      }
    }
    var report = try await evaluation(files).run(engine)
    let made = try await evaluation(files).robustness(engine)
    func row(_ wording: Wording) throws -> RobustnessReport.Row {
      try #require(made.rows.first { $0.wording == wording })
    }
    #expect(try row(.usual).dice == 1 && row(.usual).pairs == 3)
    #expect(try row(.latin).dice == 1 && row(.latin).pairs == 2)
    #expect(try row(.latin).names == .init(asked: 2, same: 2, other: 0, none: 0))
    #expect(try row(.synonym).pairs == 1)
    let slips = try #require(try row(.misspelling).names)
    #expect(slips.asked == 9 && slips.same + slips.other + slips.none == 9 && slips.other == 0)
    #expect(try row(.swappedSides).dice == 0 && row(.swappedSides).usualDice == 1)
    // Half of the left one, nothing of the right one.
    #expect(try abs((row(.passage).dice ?? 0) - 1.0 / 3) < 1e-12)
    #expect(try row(.unnamed).dice == 0)
    #expect(made.pairs.map(\.n) == [2, 3, 1])
    // Two pictures show both sides.
    #expect(report.sides == made.sides)
    #expect(made.sides.asked == 4 && made.sides.own == 4 && made.sides.rate == 1)
    #expect(made.sides.ownShare == 1 && made.sides.otherShare == 0)
    #expect(made.swappedSides.other == 4 && made.swappedSides.rate == 0)
    // Cells are drawn into kidneys' pictures, no kidneys into a cell's.
    #expect(made.foreign.map(\.dataSet) == ["both", "cells"])
    #expect(made.foreign.map(\.asked) == [3, 2] && made.foreign.map(\.masks) == [3, 0])
    #expect(made.foreignMaskRate == 0.6)
    report.robustness = made
    let page = EvaluationPage(report).html
    #expect(page.contains("In other words") && page.contains("got a mask"))
    #expect(page.contains("left and right exchanged"))
  }

  private func evaluation(_ files: SyntheticCorpus) throws -> Evaluation {
    Evaluation(
      corpus: try Corpus(directory: files.folder), split: .val, prompt: .text,
      vocabulary: Self.vocabulary)
  }

  @Test("asks once for what the vocabulary takes for the same")
  func once() async throws {
    let files = try SyntheticCorpus()
    defer { withExtendedLifetime(files) {} }
    try files.add(
      "one", modality: "MR", labels: ["1": "left_kidney"],
      cases: [("a", "val", nil, [(1, 26, 8, 36, 24)])])
    let engine = AnsweringEngine(trained: []) { _, _ in
      .init(mask: AnsweringEngine.rectangle(26, 8, 36, 24))
    }
    _ = try await evaluation(files).robustness(engine)
    // By name, with sides exchanged, as a passage, as sentences.
    #expect(engine.queries.count == 4 && Set(engine.queries).count == 4)
    #expect(engine.queries[0] == Query(.category("left_kidney")))
  }

  @Test("a mask on neither side, or empty, is on no side")
  func sides() throws {
    var tally = SideTally()
    let (own, other) = (
      AnsweringEngine.rectangle(0, 0, 10, 10), AnsweringEngine.rectangle(20, 0, 30, 10)
    )
    for mask in [
      AnsweringEngine.rectangle(0, 0, 0, 0), AnsweringEngine.rectangle(12, 0, 16, 10),
      AnsweringEngine.rectangle(5, 0, 22, 10), AnsweringEngine.rectangle(20, 0, 25, 10),
    ] { try tally.add(mask, own: own, other: other) }
    let made = tally.measure
    #expect([made.asked, made.own, made.other, made.neither] == [4, 1, 1, 2])
    #expect(abs((made.ownShare ?? 0) - (5.0 / 17) / 3) < 1e-12)
    #expect(abs((made.otherShare ?? 0) - (2.0 / 17 + 1) / 3) < 1e-12)
  }
}
