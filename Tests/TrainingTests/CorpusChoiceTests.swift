import Imaging
import Testing

@testable import Training

@Suite("A part of a corpus")
struct CorpusChoiceTests {
  private func corpus() throws -> Corpus {
    let files = try SyntheticCorpus()
    try files.add(
      "a", modality: "CT", labels: ["1": "left_kidney", "2": "right_kidney", "3": "renal_lesion"],
      contains: ["left_kidney": ["renal_lesion"]],
      cases: (0..<10).map { n in
        ("c\(n)", n < 8 ? "train" : "val", n == 0 ? ["right_kidney"] : nil, [(1, 2, 2, 9, 9)])
      })
    try files.add(
      "b", modality: "GM", labels: ["1": "cell"],
      cases: [("d", "train", nil, [(1, 2, 2, 9, 9)])])
    return try Corpus(directory: files.folder)
  }

  @Test("is all of it where nothing is said")
  func everything() throws {
    let all = try corpus()
    let same = try all.chosen(CorpusChoice())
    #expect(same.categories == all.categories)
    #expect(same.dataSets.map(\.cases) == all.dataSets.map(\.cases))
  }

  @Test("lacks what is held out, as if it had never been drawn")
  func without() throws {
    let part = try corpus().chosen(CorpusChoice(without: ["renal_lesion", "cell"]))
    #expect(part.dataSets.map(\.name) == ["a"])
    #expect(part.categories == ["left_kidney", "right_kidney"])
    #expect(part.dataSets[0].values(of: "left_kidney") == [1])
    #expect(part.dataSets[0].cases.count == 10)
    #expect(part.dataSets[0].cases[0].annotated == ["right_kidney"])
    #expect(part.dataSets[0].cases[1].annotated == ["left_kidney", "right_kidney"])
  }

  @Test("draws what is held out as what holds it, or not at all")
  func masks() throws {
    let files = try SyntheticCorpus.whole()
    let whole = try Corpus(directory: files.folder).dataSets[0]
    let part = try Corpus(directory: files.folder)
      .chosen(CorpusChoice(without: ["renal_lesion", "right_kidney"])).dataSets[0]
    let (before, after) = (
      try whole.readLabels(of: whole.cases[0]), try part.readLabels(of: part.cases[0])
    )
    #expect(Set(before.labels) == [0, 1, 2, 3])
    #expect(after.labels == before.labels.map { $0 == 3 ? 1 : $0 == 2 ? 0 : $0 })
  }

  @Test("of one category holds the cases where it was looked for")
  func only() throws {
    let part = try corpus().chosen(CorpusChoice(only: ["left_kidney"]))
    #expect(part.dataSets.map(\.name) == ["a"])
    #expect(part.categories == ["left_kidney"])
    #expect(part.dataSets[0].cases.map(\.image) == (1..<10).map { "c\($0).png" })
  }

  @Test("is taken evenly from each split", arguments: [1, 3, 8, 100])
  func limit(_ limit: Int) throws {
    let cases = try corpus().chosen(CorpusChoice(limit: limit)).dataSets[0].cases
    let train = cases.filter { $0.split == .train }
    #expect(train.count == min(limit, 8) && cases.count { $0.split == .val } == min(limit, 2))
    #expect(Set(train.map(\.image)).count == train.count)
    if limit == 3 { #expect(train.map(\.image) == ["c0.png", "c2.png", "c5.png"]) }
  }

  @Test("is refused where it names what is not there")
  func unknown() throws {
    let corpus = try corpus()
    #expect { try corpus.chosen(CorpusChoice(only: ["spleen"])) } throws: { error in
      "\(error)".contains("spleen") && "\(error)".contains("left_kidney")
    }
  }
}
