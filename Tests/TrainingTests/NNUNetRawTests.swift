import Foundation
import Imaging
import Testing

@testable import Training

@Suite("nnU-Net's raw data")
struct NNUNetRawTests {
  /// Two cases of two channels, values 1 to 3 in columns.
  private func files(_ header: String, _ notes: String? = nil) throws -> ReaderFiles {
    let files = try ReaderFiles()
    try files.json("Dataset001_X/dataset.json", header)
    if let notes { try files.json("Dataset001_X/segsam.json", notes) }
    for name in ["case_1", "case_2"] {
      try files.volume("Dataset001_X/imagesTr/\(name)_0000.nii.gz")
      try files.volume("Dataset001_X/imagesTr/\(name)_0001.nii.gz")
      try files.labels("Dataset001_X/labelsTr/\(name).nii.gz", [(1, 0, 3), (2, 3, 5), (3, 5, 6)])
    }
    try files.volume("Dataset001_X/imagesTs/case_3_0000.nii.gz")
    return files
  }

  private static let second = #"""
    {"channel_names": {"0": "T1w", "1": "CT"}, "numTraining": 2, "file_ending": ".nii.gz",
     "labels": {"background": 0, "Left Kidney": 1, "right_kidney": 2, "Spleen": 3}}
    """#

  @Test("version 2 is read, the first channel of each case")
  func version2() throws {
    let set = try #require(try files(Self.second).corpus().dataSets.first)
    #expect((set.name, set.layout, set.modality) == ("Dataset001_X", .nnUNet, "MR"))
    #expect(set.labels == [1: "left_kidney", 2: "right_kidney", 3: "spleen"])
    #expect(set.contains == [:])
    #expect(
      set.cases.map(\.image) == ["imagesTr/case_1_0000.nii.gz", "imagesTr/case_2_0000.nii.gz"])
    #expect(set.cases.map(\.mask) == ["labelsTr/case_1.nii.gz", "labelsTr/case_2.nii.gz"])
    #expect(set.cases.map(\.patient) == ["case_1", "case_2"])
    #expect(set.cases.allSatisfy { $0.annotated == ["left_kidney", "right_kidney", "spleen"] })
    #expect(set.remarks == [])
  }

  @Test("another channel can be asked for, and other things be said")
  func notes() throws {
    let files = try files(
      Self.second,
      #"{"channel": 1, "labels": {"Spleen": "liver"}, "name": "x", "split": {"val": 1}}"#)
    let set = try #require(try files.corpus().dataSets.first)
    #expect((set.name, set.modality) == ("x", "CT"))
    #expect(set.labels[3] == "liver")
    #expect(set.cases.allSatisfy { $0.image.hasSuffix("_0001.nii.gz") && $0.split == .val })
  }

  @Test("version 1 is read, and files without a suffix as the Decathlon has them")
  func version1() throws {
    let files = try files(
      #"""
      {"name": "Task", "modality": {"0": "CT"}, "numTraining": 3, "licence": "CC-BY",
       "labels": {"0": "background", "1": "liver", "2": "liver tumor", "3": "spleen"}}
      """#)
    try files.volume("Dataset001_X/imagesTr/case_4.nii.gz")
    try files.labels("Dataset001_X/labelsTr/case_4.nii.gz", [(1, 0, 3)])
    try files.labels("Dataset001_X/labelsTr/case_5.nii.gz", [(1, 0, 3)])
    let set = try #require(try files.corpus().dataSets.first)
    #expect((set.name, set.modality, set.licence) == ("Task", "CT", "CC-BY"))
    #expect(set.labels == [1: "liver", 2: "liver_tumor", 3: "spleen"])
    #expect(set.contains == ["liver": ["liver_tumor"]])
    #expect(set.cases.last?.image == "imagesTr/case_4.nii.gz")
    #expect(set.remarks.count == 1 && set.remarks[0].contains("case_5"))
    try files.remove("Dataset001_X/labelsTr/case_4.nii.gz")
    #expect(try files.corpus().dataSets[0].remarks.contains { $0.contains("3 cases, 2 are here") })
  }

  @Test("regions become categories that contain others")
  func regions() throws {
    let files = try files(
      #"""
      {"channel_names": {"0": "CT"}, "file_ending": ".nii.gz", "numTraining": 2,
       "labels": {"background": 0, "kidney": [1, 2, 3], "left kidney": 1, "right kidney": [2, 3],
                  "kidney tumor": 3}, "regions_class_order": [1, 2, 3]}
      """#)
    let set = try #require(try files.corpus().dataSets.first)
    // Both kidneys together have no value of their own: one that no file holds.
    #expect(
      set.labels == [1: "left_kidney", 2: "right_kidney", 3: "kidney_tumor", 4: "kidneys"])
    #expect(set.values(of: "kidneys") == [1, 2, 3, 4])
    #expect(set.values(of: "right_kidney") == [2, 3])
    #expect(set.values(of: "left_kidney") == [1])
    #expect(set.values(of: "kidney_tumor") == [3])
  }

  @Test("two labels of one category become one, and what is left out background")
  func merged() throws {
    let files = try files(
      Self.second,
      #"{"labels": {"right_kidney": "spleen", "Left Kidney": null}}"#)
    let set = try #require(try files.corpus().dataSets.first)
    #expect(set.labels == [2: "spleen"])
    let map = try set.readLabels(of: set.cases[0])
    #expect(Array(map.labels[0..<8]) == [0, 0, 0, 2, 2, 2, 0, 0])
  }

  @Test("labels that nobody knows are listed together, and can be left out")
  func unknown() throws {
    let header = #"""
      {"channel_names": {"0": "CT"}, "file_ending": ".nii.gz", "numTraining": 2,
       "labels": {"background": 0, "blob": 1, "liver tumour mass": 2, "spleen": 3}}
      """#
    let fault = try files(header).fault()
    for words in ["dataset.json", "\"blob\"", "\"liver tumour mass\"", "segsam.json", "null"] {
      #expect(fault.contains(words), "\(fault)")
    }
    let left = try files(header, #"{"others": "background"}"#)
    let set = try left.corpus().dataSets[0]
    #expect(set.labels == [3: "spleen"])
    #expect(Set(try set.readLabels(of: set.cases[0]).labels) == [0, 3])
    withExtendedLifetime(left) {}
    // What is meant has to exist.
    let wrong = try files(header, #"{"labels": {"blob": "lver"}, "others": "background"}"#).fault()
    #expect(wrong.contains("\"lver\"") && !wrong.contains("mass"))
  }

  @Test(
    "says what it cannot read",
    arguments: [
      (#""labels": {"liver": [1, 2], "spleen": [2, 3]}, "file_ending": ".nii.gz""#, "neither lies"),
      (#""labels": {"liver": 1, "spleen": 1}, "file_ending": ".nii.gz""#, "neither lies"),
      (#""labels": {"liver": 1}, "file_ending": ".mha""#, ".mha"),
      (#""labels": {"liver": 1}, "file_ending": ".png""#, "CASE_0000.png"),
      (#""labels": {"liver": 70000}, "file_ending": ".nii.gz""#, "65535"),
      (#""labels": {"liver": "one"}, "file_ending": ".nii.gz""#, "no number"),
      (#""labels": {"background": 0}, "file_ending": ".nii.gz""#, "none of its labels"),
      (#""labels": [], "file_ending": ".nii.gz""#, "dataset.json"),
    ])
  func faults(_ members: String, _ says: String) throws {
    let fault = try files("{\"channel_names\": {\"0\": \"CT\"}, \(members)}").fault()
    #expect(fault.contains(says), "\(fault)")
  }

  @Test("a channel whose machine is not clear has to be named")
  func modality() throws {
    let header = Self.second.replacingOccurrences(of: "T1w", with: "noNorm")
    #expect(try files(header).fault().contains("noNorm"))
    let set = try files(header, #"{"modality": "US"}"#).corpus().dataSets[0]
    #expect(set.modality == "US")
    let terms = ["CT", "cine-MRI", "T2", "t1gd", "x_ray", "fundus_photography", "pet_00", "R"]
    #expect(
      terms.map { ModalityName.term(of: $0) } == ["CT", "MR", "MR", "MR", "DX", "OP", "PT", nil])
  }
}
