import Foundation
import Imaging
import Testing

@testable import Training

@Suite("The check of a corpus")
struct CorpusCheckTests {
  /// Four volumes of two kidneys, that are as they should be: i runs to the patient's left.
  private func files() throws -> ReaderFiles {
    let files = try ReaderFiles()
    try files.json(
      "labels.json",
      #"""
      {"labels": {"1": "left kidney", "2": "right kidney", "3": "spleen"}, "modality": "CT",
       "patients": "^[a-z]", "split": {"train": ["a", "b"], "val": ["c"]}, "name": "set"}
      """#)
    for name in ["a1", "a2", "b1", "c1"] {
      try files.volume("images/\(name).nii.gz")
      try files.labels("masks/\(name).nii.gz", [(2, 0, 2), (1, 5, 7)])
    }
    return files
  }

  private func check(_ files: ReaderFiles, deep: Bool = true) throws -> CorpusReport {
    var check = CorpusCheck(try files.corpus(), vocabulary: ReaderFiles.vocabulary)
    check.isDeep = deep
    return check.run()
  }

  @Test("counts cases, patients and what is drawn")
  func counts() throws {
    let files = try files()
    let report = try check(files)
    #expect(report.problems == [])
    let set = try #require(report.dataSets.first)
    #expect((set.name, set.layout, set.modality) == ("set", .folders, "CT"))
    #expect(set.cases == ["train": 3, "val": 1])
    #expect(set.patients == ["train": 2, "val": 1])
    #expect(
      set.categories == [
        .init(category: "left_kidney", annotated: 4, drawn: 4),
        .init(category: "right_kidney", annotated: 4, drawn: 4),
        .init(category: "spleen", annotated: 4, drawn: 0),
      ])
    let quick = try check(files, deep: false)
    #expect(quick.dataSets[0].categories.allSatisfy { $0.drawn == nil })
    #expect(quick.dataSets[0].cases == set.cases)
  }

  @Test("finds sides that are swapped, by the affine")
  func sides() throws {
    let files = try files()
    try files.labels("masks/a1.nii.gz", [(1, 0, 2), (2, 5, 7)])
    // Turned round with its image, the same voxels are right again.
    var turned = ReaderFiles.affine
    turned.rows[0][0] = 2
    try files.volume("images/a2.nii.gz", affine: turned)
    try files.labels("masks/a2.nii.gz", [(1, 0, 2), (2, 5, 7)], affine: turned)
    let problems = try check(files).problems
    #expect(problems.count == 1)
    #expect(problems[0].place == "set/masks/a1.nii.gz")
    #expect(problems[0].reason.contains("right_kidney") && problems[0].reason.contains("swapped"))
  }

  @Test("finds other values, other grids, other places and files that are gone")
  func badFiles() throws {
    let files = try files()
    try files.labels("masks/a1.nii.gz", [(1, 5, 7), (9, 0, 1)])
    try files.labels("masks/a2.nii.gz", [(1, 5, 7)], depth: 2)
    var moved = ReaderFiles.affine
    moved.rows[2][3] = 30
    try files.labels("masks/b1.nii.gz", [(1, 5, 7)], affine: moved)
    try Data("nothing".utf8).write(to: URL(fileURLWithPath: files.path("images/c1.nii.gz")))
    let problems = try check(files).problems.map(\.description)
    #expect(problems.count == 4, "\(problems)")
    #expect(problems[0].contains("a1") && problems[0].contains("no label has: 9"))
    #expect(problems[1].contains("8×6×2") && problems[1].contains("8×6×3"))
    #expect(problems[2].contains("b1") && problems[2].contains("30 mm"))
    #expect(problems[3].contains("c1"))
    #expect(try check(files, deep: false).problems == [])
  }

  @Test("finds files that are gone, a patient in two splits, and ids that nobody knows")
  func header() throws {
    let files = try SyntheticCorpus.whole()
    try files.addKidneys([("a", "train", nil), ("b", "val", nil)])
    try files.change("abdomen") {
      $0.replacingOccurrences(of: "\"pb\"", with: "\"pa\"")
        .replacingOccurrences(of: "renal_lesion", with: "blob")
    }
    try FileManager.default.removeItem(
      at: files.folder.appendingPathComponent("cells/a_mask.png"))
    var check = CorpusCheck(
      try Corpus(directory: files.folder), vocabulary: SyntheticCorpus.vocabulary)
    for isDeep in [true, false] {
      check.isDeep = isDeep
      let problems = check.run().problems.map(\.description)
      #expect(problems.count == 3, "\(problems)")
      #expect(problems.contains { $0.contains("abdomen") && $0.contains("blob") })
      #expect(problems.contains { $0.contains("\"pa\"") && $0.contains("train and val") })
      #expect(problems.contains { $0.contains("cells/a_mask.png") && $0.contains("missing") })
    }
  }

  @Test("goes out as JSON and comes back")
  func json() throws {
    let report = try check(try files())
    let bytes = try JSONEncoder().encode(report)
    #expect(try JSONDecoder().decode(CorpusReport.self, from: bytes) == report)
  }
}
