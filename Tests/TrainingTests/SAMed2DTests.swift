import Foundation
import Imaging
import Testing

@testable import Training

@Suite("SA-Med2D-20M")
struct SAMed2DTests {
  private static let ct = "ct_00--AMOS--case_1--x_0010"
  private static let mr = "mr_t1--AMOS--case_2--z_0003"
  private static let polyp = "endoscopy_00--Polyps--7--2d_none"

  private func files(_ notes: String? = nil) throws -> ReaderFiles {
    let files = try ReaderFiles()
    let (ct, mr, polyp) = (Self.ct, Self.mr, Self.polyp)
    try files.json(
      SAMed2D.indexName,
      """
      {"images/\(ct).png": ["masks/\(ct)--0003_000.png", "masks/\(ct)--0005_000.png",
         "masks/\(ct)--0005_001.png", "masks/\(ct)--0009_000.png"],
       "images/\(mr).png":["masks/\(mr)--0003_000.png"] ,
       "images\\/\(polyp).png": [ "masks/\(polyp)--0000_000.png" ],
       "images/odd.png": [], "images/\(polyp.replacing("7", with: "8")).png": []}
      """)
    try files.json(
      SAMed2D.classesName,
      """
      {"AMOS": {"liver": "0003", "liver_tumor": "0005", "union_liver_spleen": "0009",
                "never used": "0011"}, "Polyps": {"Polyp": "0000"}}
      """)
    if let notes { try files.json("segsam.json", notes) }
    for name in [ct, mr, polyp] { try files.picture("images/\(name).png") }
    try files.mask("masks/\(ct)--0003_000.png", [(255, 0, 6)])
    try files.mask("masks/\(ct)--0005_000.png", [(255, 1, 2)])
    try files.mask("masks/\(ct)--0005_001.png", [(255, 5, 7)])
    try files.mask("masks/\(mr)--0003_000.png", [(1, 0, 2)])
    try files.mask("masks/\(polyp)--0000_000.png", [(255, 3, 4)])
    return files
  }

  @Test("is read as a data set for each source and machine")
  func reads() throws {
    let sets = try files().corpus().dataSets
    #expect(sets.map(\.name) == ["AMOS_CT", "AMOS_MR", "Polyps"])
    #expect(sets.map(\.modality) == ["CT", "MR", "ES"])
    #expect(sets.allSatisfy { $0.layout == .saMed2D && $0.dimension == 2 && $0.cases.count == 1 })
    #expect(sets[0].labels == [1: "liver", 2: "liver_tumor"])
    #expect(sets[0].contains == ["liver": ["liver_tumor"]])
    #expect(sets[0].cases[0].patient == "case_1")
    // A union of classes is left out: its parts have masks of their own.
    #expect(sets[0].cases[0].masks.map(\.value) == [1, 2, 2])
    #expect(sets[2].labels == [1: "polyp"])
    // What has no mask in a picture was perhaps not looked for.
    #expect(sets[1].cases[0].annotated == ["liver"])
    #expect(sets[0].remarks.count == 1 && sets[0].remarks[0].contains("odd.png"))
  }

  @Test("its masks are laid over each other, the smaller on top")
  func masks() throws {
    let files = try files()
    let set = try files.corpus().dataSets[0]
    let map = try set.readLabels(of: set.cases[0])
    #expect(Array(map.labels[0..<8]) == [1, 2, 1, 1, 1, 2, 2, 0])
    #expect(set.values(of: "liver") == [1, 2])
    try files.labels("masks/\(Self.ct)--0005_001.png", [(1, 0, 1)])
    #expect {
      _ = try set.readLabels(of: set.cases[0])
    } throws: {
      $0 is CorpusError && "\($0)".contains("0005_001.png") && "\($0)".contains("grid")
    }
  }

  @Test("can be read in part")
  func part() throws {
    let files = try files(#"{"data_sets": ["Polyps"], "patients": "[0-9]+", "licence": "x"}"#)
    let sets = try files.corpus().dataSets
    #expect(sets.map(\.name) == ["Polyps"])
    #expect(sets[0].cases[0].patient == "7" && sets[0].licence == "x")
    try files.json("segsam.json", #"{"data_sets": ["Others"]}"#)
    #expect(files.fault().contains("no image of the data sets"))
    try files.json("segsam.json", #"{"limit": 0}"#)
    #expect(files.fault().contains("limit"))
  }

  @Test("takes images evenly from all of a data set up to a limit")
  func limit() throws {
    let files = try files(#"{"limit": 3}"#)
    let entries = (0..<30).map { n in
      let stem = "ct_00--AMOS--case_\(n)--x_0010"
      return "\"images/\(stem).png\": [\"masks/\(stem)--0003_000.png\"]"
    }
    try files.json(SAMed2D.indexName, "{\(entries.joined(separator: ","))}")
    #expect(
      try files.corpus().dataSets[0].cases.map(\.patient) == ["case_0", "case_10", "case_20"])
  }

  @Test(
    "an index that is none is said to be, with the place",
    arguments: [
      ("[]", "byte 0"), ("{\"a\" 1}", "byte 5"), ("{\"a\": [\"b\"", "byte 10"),
      ("{\"a", "end of a string"), ("{\"a\\", "end of a string"), ("{\"a\": [1]}", "a string"),
      ("", "byte 0"), ("{}", "no image"),
    ])
  func badIndex(_ text: String, _ says: String) throws {
    let files = try files()
    try files.json(SAMed2D.indexName, text)
    let fault = files.fault()
    #expect(fault.contains(says) && fault.contains(SAMed2D.indexName), "\(fault)")
  }

  @Test("classes that nobody knows, or numbers without a class, are named")
  func classes() throws {
    let files = try files()
    try files.json(SAMed2D.classesName, #"{"AMOS": {"liver": "0003", "blob": "0005"}}"#)
    #expect(files.fault().contains("\"blob\""))
    try files.json("segsam.json", #"{"others": "background"}"#)
    let sets = try files.corpus().dataSets
    #expect(sets.map(\.name) == ["AMOS_CT", "AMOS_MR"])
    #expect(sets[0].labels == [1: "liver"])
    #expect(sets[0].remarks.contains { $0.contains("no class 9") })
    #expect(sets[0].remarks.contains { $0.contains("Polyps (ES)") })
    try files.json(SAMed2D.classesName, "[]")
    #expect(files.fault().contains(SAMed2D.classesName))
    try files.remove(SAMed2D.classesName)
    #expect(files.fault().contains(SAMed2D.classesName))
  }
}
