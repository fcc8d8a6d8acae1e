import Foundation
import Imaging
import Testing

@testable import Training

@Suite("A folder of images and masks")
struct ImagesAndMasksTests {
  static func pictures(_ notes: String) throws -> ReaderFiles {
    let files = try ReaderFiles()
    try files.json("set/labels.json", notes)
    for name in ["a_1", "a_2", "b_1"] {
      try files.picture("set/images/\(name).png")
      try files.mask("set/masks/\(name).png", [(1, 0, 5), (2, 2, 4)])
    }
    return files
  }

  @Test("pairs equal names, and takes categories by name")
  func reads() throws {
    let files = try Self.pictures(
      #"""
      {"labels": {"1": "Liver", "2": "liver tumor"}, "modality": "US", "name": "livers",
       "patients": "^([a-z])_", "licence": "CC0"}
      """#)
    try files.picture("set/images/c_1.png")
    try files.mask("set/masks/d_1.png", [(1, 0, 2)])
    let set = try #require(try files.corpus().dataSets.first)
    #expect((set.name, set.modality, set.layout, set.licence) == ("livers", "US", .folders, "CC0"))
    #expect(set.dimension == 2)
    #expect(set.labels == [1: "liver", 2: "liver_tumor"])
    // The vocabulary says that a tumour of the liver is drawn inside it.
    #expect(set.contains == ["liver": ["liver_tumor"]])
    #expect(set.values(of: "liver") == [1, 2])
    #expect(set.cases.map(\.image) == ["images/a_1.png", "images/a_2.png", "images/b_1.png"])
    #expect(set.cases.map(\.mask) == ["masks/a_1.png", "masks/a_2.png", "masks/b_1.png"])
    #expect(set.cases.map(\.patient) == ["a", "a", "b"])
    #expect(set.cases.allSatisfy { $0.annotated == ["liver", "liver_tumor"] })
    #expect(set.remarks.contains { $0.contains("no mask") && $0.contains("c_1") })
    #expect(set.remarks.contains { $0.contains("no image") && $0.contains("d_1") })
    // The folder itself is as good as the folder above it.
    #expect(try files.corpus("set").dataSets.map(\.name) == ["livers"])
  }

  @Test("volumes with labels/ are read, and trained from as any other set")
  func volumes() throws {
    let files = try ReaderFiles()
    try files.json(
      "labels.json",
      #"{"labels": {"1": "liver", "5": null}, "modality": "CT", "split": {"train": 1}}"#)
    try files.volume("images/x.nii.gz")
    try files.labels("labels/x.nii", [(1, 0, 3), (5, 4, 6)])
    let corpus = try files.corpus()
    #expect(corpus.dataSets[0].dimension == 3)
    #expect(corpus.dataSets[0].cases.map(\.mask) == ["labels/x.nii"])
    // What counts as background is gone.
    #expect(
      Set(try corpus.dataSets[0].readLabels(of: corpus.dataSets[0].cases[0]).labels) == [0, 1])
    let store = try SliceStore.load(
      corpus, split: .train, vocabulary: ReaderFiles.vocabulary, categories: ["liver"], side: 8)
    #expect(store.slices.count == 3)
    #expect(store.slices.allSatisfy { $0.counts == [1: 18] })
  }

  @Test(
    "says what is missing or not understood",
    arguments: [
      (#"{"modality": "CT"}"#, ["labels.json", "mask values"]),
      (#"{"labels": {"1": "liver"}}"#, ["labels.json", "modality"]),
      (#"{"labels": {"one": "liver"}, "modality": "CT"}"#, ["\"one\"", "65535"]),
      (#"{"labels": {"1": "liver"}, "modality": "CT", "patient": "x"}"#, ["patient", "patients"]),
      (#"{"labels": {"1": "liver"}, "modality": "CT", "patients": "(("}"#, ["regular"]),
      (#"{"labels": {"1": "liver"}, "modality": "CT", "patients": "^z"}"#, ["a_1", "no patient"]),
      (#"{"labels": {"1": "liver"}, "modality": "CT", "split": {"training": 1}}"#, ["training"]),
      (#"{"labels": {"1": "liver"}, "modality": "CT", "split": {"train": ["a_1"]}}"#, ["\"a_2\""]),
      (
        #"{"labels": {"1": "liver"}, "modality": "CT", "split": {"train": ["a"], "val": ["a"]}}"#,
        ["\"a\"", "train", "val"]
      ),
      (#"{"labels": {"1": null}, "modality": "CT"}"#, ["none of its labels"]),
      (
        #"{"labels": {"1": "livr", "2": "blob"}, "modality": "CT"}"#,
        ["\"livr\"", "near liver", "\"blob\""]
      ),
    ])
  func faults(_ notes: String, _ says: [String]) throws {
    let fault = try Self.pictures(notes).fault()
    for words in says { #expect(fault.contains(words), "\(fault)") }
  }

  @Test("a folder without any layout says what was looked for")
  func nothing() throws {
    let files = try ReaderFiles()
    try files.picture("set/other/a.png")
    let fault = files.fault()
    for words in ["dataset.json", "imagesTr", "labels.json", "SAMed2D_v1.json"] {
      #expect(fault.contains(words), "\(fault)")
    }
    try files.picture("set/images/a.png")
    try files.mask("set/masks/b.png", [])
    #expect(files.fault().contains("labels.json"))
    try files.json("set/labels.json", #"{"labels": {"1": "liver"}, "modality": "CT"}"#)
    #expect(files.fault().contains("no image in images/"))
  }
}

@Suite("Patients and splits")
struct PatientSplitTests {
  private func split(_ notes: String) throws -> PatientSplit {
    let read = try JSONDecoder().decode(DataSetNotes.self, from: Data(notes.utf8))
    let here = URL(fileURLWithPath: "/nowhere")
    return try PatientSplit(read, folder: here, file: here)
  }

  @Test("a patient's split follows from its name, in the usual shares")
  func shares() throws {
    let usual = try split("{}")
    var counts: [Split: Int] = [:]
    for n in 0..<2000 { counts[try usual.split(of: "case_\(n)"), default: 0] += 1 }
    // Three deviations of a binomial distribution of 2000.
    #expect(abs(counts[.train, default: 0] - 1400) < 62)
    #expect(abs(counts[.val, default: 0] - 200) < 41)
    #expect(abs(counts[.test, default: 0] - 400) < 54)
    // The same on every machine: fixed once and for all.
    #expect(abs(PatientSplit.place(of: "case_0") - Self.place) < 1e-12)
    #expect(try usual.split(of: "case_0") == split("{}").split(of: "case_0"))
  }

  /// By the definitions of FNV-1a and SplitMix64, worked out apart from this code.
  static let place = 0.30098921189141825

  @Test("other shares are taken in proportion, and a share of nothing gets nobody")
  func otherShares() throws {
    let halves = try split(#"{"split": {"train": 3, "test": 3}}"#)
    let found = try (0..<400).map { try halves.split(of: "\($0)") }
    #expect(found.count { $0 == .val } == 0)
    #expect(abs(found.count { $0 == .train } - 200) < 40)
    #expect(throws: CorpusError.self) { try split(#"{"split": {"train": 0}}"#) }
    #expect(throws: CorpusError.self) { try split(#"{"split": {"train": -1, "val": 2}}"#) }
    #expect(throws: CorpusError.self) { try split(#"{"split": {"train": 1, "val": ["a"]}}"#) }
  }

  @Test("lists decide, and a regular expression finds the patient")
  func lists() throws {
    let listed = try split(
      #"{"split": {"train": ["p1", "p2"], "test": ["p3"]}, "patients": "p[0-9]"}"#)
    #expect(try listed.patient(of: "scan_p2_left") == "p2")
    #expect(try listed.split(of: "p2") == .train)
    #expect(try listed.split(of: "p3") == .test)
    #expect(throws: CorpusError.self) { try listed.split(of: "p4") }
    #expect(throws: CorpusError.self) { try listed.patient(of: "scan") }
  }

  @Test("a file can say whose each case is")
  func table() throws {
    let files = try ImagesAndMasksTests.pictures(
      #"{"labels": {"1": "liver"}, "modality": "CT", "patients": "who.json"}"#)
    #expect(files.fault().contains("who.json"))
    try files.json("set/who.json", #"{"a_1": "x", "a_2": "y", "b_1": "x"}"#)
    #expect(try files.corpus().dataSets[0].cases.map(\.patient) == ["x", "y", "x"])
    try files.json("set/who.json", #"{"a_1": "x"}"#)
    #expect(files.fault().contains("a_2"))
  }
}
