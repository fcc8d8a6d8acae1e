import Foundation
import Imaging
import SegSAM
import Testing

@testable import Training

@Suite("Own labels")
struct OwnLabelsTests {
  /// Cases of MR with one kidney drawn and looked for, and one where both were.
  private func corpus() throws -> SyntheticCorpus {
    let files = try SyntheticCorpus()
    try files.addKidneys([
      ("a", "train", ["left_kidney"]), ("b", "train", nil), ("c", "val", ["left_kidney"]),
    ])
    return files
  }

  private func labels(_ files: SyntheticCorpus) throws -> OwnLabels {
    try OwnLabels(Corpus(directory: files.folder), vocabulary: SyntheticCorpus.vocabulary)
  }

  private var output: URL {
    FileManager.default.temporaryDirectory.appendingPathComponent("own-\(UUID().uuidString)")
  }

  /// Draws one rectangle whatever it is asked for, half of it over the left kidney.
  private func engine(presence: Double = 0.95) -> AnsweringEngine {
    AnsweringEngine { _, _ in
      AnsweringEngine.Answer(mask: AnsweringEngine.rectangle(16, 8, 36, 16), presence: presence)
    }
  }

  @Test("are added where nobody looked, under what is drawn, in cases to train on alone")
  func added() async throws {
    let files = try corpus()
    var own = try labels(files)
    own.score = 0.5
    let (folder, engine) = (output, engine())
    defer { try? FileManager.default.removeItem(at: folder) }
    let report = try await own.write(to: folder, engine: engine)
    // The lesion comes after the right kidney, and no room is left; cells are of another machine.
    #expect(report.looked == 2 && report.cases.values.reduce(0, +) == 1)
    let asked = Set(engine.queries.map(\.subject))
    #expect(asked == [.category("right_kidney"), .category("renal_lesion")])

    let (before, after) = (
      try Corpus(directory: files.folder).dataSets[0], try Corpus(directory: folder).dataSets[0]
    )
    let name = try #require(report.cases.keys.first)
    let value = try #require(after.labels.first { $0.value == name }?.key)
    #expect(after.cases.map(\.split) == before.cases.map(\.split))
    #expect(after.cases.map(\.patient) == before.cases.map(\.patient))
    #expect(after.cases[0].annotated == ["left_kidney", name])
    #expect(after.cases[1].annotated == before.cases[1].annotated)
    #expect(after.cases[2].annotated == ["left_kidney"])
    for n in 0..<3 {
      let (old, new) = (
        try before.readLabels(of: before.cases[n]), try after.readLabels(of: after.cases[n])
      )
      let drawn = new.labels.indices.filter { new.labels[$0] != old.labels[$0] }
      // 20 × 8, less 10 × 8 of the left kidney.
      #expect(drawn.count == (n == 0 ? 80 : 0))
      #expect(drawn.allSatisfy { old.labels[$0] == 0 && new.labels[$0] == value })
      let (a, b) = (
        try ImageFile.read(path: before.folder.appendingPathComponent(before.cases[n].image).path),
        try ImageFile.read(path: after.folder.appendingPathComponent(after.cases[n].image).path)
      )
      #expect(a.samples == b.samples)
    }
  }

  @Test("are left out where the model is not sure", arguments: [(0.5, 0.5), (0.95, 0.8)])
  func unsure(presence: Double, score: Double) async throws {
    let files = try corpus()
    var own = try labels(files)
    own.score = score
    let folder = output
    defer { try? FileManager.default.removeItem(at: folder) }
    let report = try await own.write(to: folder, engine: engine(presence: presence))
    #expect(report.cases.isEmpty && report.looked == own.corpus.dataSets[0].cases.count - 1)
    withExtendedLifetime(files) {}
  }

  @Test("are of what was chosen, beside all true labels, and need no label to be there before")
  func chosen() async throws {
    let files = try SyntheticCorpus()
    try files.addKidneys([("a", "train", ["left_kidney"]), ("b", "train", [])])
    var own = try labels(files)
    (own.score, own.choice) = (0.5, CorpusChoice(only: ["right_kidney"]))
    let (folder, engine) = (output, engine())
    defer { try? FileManager.default.removeItem(at: folder) }
    let report = try await own.write(to: folder, engine: engine)
    #expect(report.looked == 2 && report.cases == ["right_kidney": 2])
    #expect(Set(engine.queries.map(\.subject)) == [.category("right_kidney")])
    let after = try Corpus(directory: folder).dataSets[0]
    #expect(after.cases.map(\.annotated) == [["left_kidney", "right_kidney"], ["right_kidney"]])

    own.choice = CorpusChoice(without: ["unicorn"])
    let other = output
    await #expect(throws: CorpusError.self) { try await own.write(to: other, engine: engine) }
    #expect(!FileManager.default.fileExists(atPath: other.path))
  }

  @Test("are not written over a data set that is there")
  func existing() async throws {
    let files = try corpus()
    let own = try labels(files)
    let folder = output
    defer { try? FileManager.default.removeItem(at: folder) }
    _ = try await own.write(to: folder, engine: engine())
    await #expect(throws: CorpusError.self) { try await own.write(to: folder, engine: engine()) }
    withExtendedLifetime(files) {}
  }
}
