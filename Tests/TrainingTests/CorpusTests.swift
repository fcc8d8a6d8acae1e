import Foundation
import Imaging
import Testing

@testable import Training

@Suite("The corpus")
struct CorpusTests {
  @Test("is read set by set, with what each case was looked at for")
  func reads() throws {
    let files = try SyntheticCorpus.whole()
    try files.addKidneys([("a", "train", nil), ("b", "test", ["right_kidney"])])
    let corpus = try Corpus(directory: files.folder)
    #expect(corpus.dataSets.map(\.name) == ["abdomen", "both", "cells"])
    #expect(
      corpus.categories == ["cell", "kidneys", "left_kidney", "renal_lesion", "right_kidney"])
    let set = corpus.dataSets[0]
    #expect(set.modality == "MR" && set.dimension == 2 && set.licenceClass == "open")
    #expect(set.labels == [1: "left_kidney", 2: "right_kidney", 3: "renal_lesion"])
    #expect(set.values(of: "left_kidney") == [1, 3])
    #expect(set.values(of: "right_kidney") == [2])
    #expect(set.values(of: "spleen") == [])
    #expect(set.cases.map(\.split) == [.train, .test])
    #expect(set.cases[0].annotated == ["left_kidney", "right_kidney", "renal_lesion"])
    #expect(set.cases[1].annotated == ["right_kidney"])
  }

  struct Fault: Sendable, CustomTestStringConvertible {
    var testDescription: String
    /// What is written in its place.
    var old: String, new: String
    /// What the message says.
    var says: [String]
  }

  @Test(
    "says which header is wrong, and how",
    arguments: [
      Fault(testDescription: "no JSON", old: "{", new: "[", says: ["dataset.json"]),
      Fault(
        testDescription: "no labels", old: "\"labels\"", new: "\"lables\"",
        says: ["dataset.json", "labels"]),
      Fault(
        testDescription: "a label that is no number", old: "\"2\"", new: "\"two\"",
        says: ["dataset.json", "\"two\"", "65535"]),
      Fault(
        testDescription: "a label for the background", old: "\"2\"", new: "\"0\"",
        says: ["dataset.json", "\"0\""]),
      Fault(
        testDescription: "a label too large", old: "\"2\"", new: "\"70000\"", says: ["\"70000\""]),
      Fault(
        testDescription: "an unknown split", old: "\"train\"", new: "\"training\"",
        says: ["dataset.json", "training"]),
    ])
  func badHeader(_ fault: Fault) throws {
    let files = try SyntheticCorpus.whole()
    try files.change("abdomen") { $0.replacingOccurrences(of: fault.old, with: fault.new) }
    #expect {
      _ = try Corpus(directory: files.folder)
    } throws: { error in
      error is CorpusError && fault.says.allSatisfy { "\(error)".contains($0) }
    }
  }

  @Test("a folder that is none, or holds none, is said to be")
  func noCorpus() throws {
    let files = try SyntheticCorpus()
    #expect {
      _ = try Corpus(directory: files.folder)
    } throws: {
      "\($0)".contains(files.folder.path) && "\($0)".contains("dataset.json")
    }
    let nowhere = files.folder.appendingPathComponent("nowhere")
    #expect {
      _ = try Corpus(directory: nowhere)
    } throws: {
      "\($0)".contains(nowhere.path)
    }
  }

  @Test("a picture that is gone or of another grid is named")
  func badFiles() throws {
    let files = try SyntheticCorpus.whole()
    let mask = files.folder.appendingPathComponent("abdomen/b_mask.png").path
    try ImageFile.writePNG(labels: LabelMap(width: 30, height: 40), path: mask)
    #expect {
      _ = try files.store()
    } throws: {
      $0 is CorpusError && "\($0)".contains("abdomen/b_mask.png") && "\($0)".contains("grid")
    }
    try FileManager.default.removeItem(atPath: mask)
    #expect {
      _ = try files.store()
    } throws: {
      "\($0)".contains("b_mask.png")
    }
    // Of another split: nobody misses it.
    #expect(try files.store(split: .val).slices.count == 1)
  }
}
