import Foundation
import Testing
import Vocabulary

@Suite("A vocabulary")
struct VocabularyTests {
  @Test("knows parts, inside and ancestors")
  func relations() throws {
    let scratch = try Scratch()
    let vocabulary = try Vocabulary.load(
      directory: scratch.vocab, promptsDirectory: scratch.prompts)
    #expect(vocabulary.parts(of: "organs") == ["left_organ", "right_organ"])
    #expect(vocabulary.parts(of: "left_organ") == ["left_organ"])
    #expect(vocabulary.parts(of: "nothing") == [])
    #expect(vocabulary.isComposite("organs"))
    #expect(!vocabulary.isComposite("left_organ"))
    #expect(vocabulary.inside("organ_lesion") == "organs")
    #expect(vocabulary.isInside("organ_lesion", "left_organ"))
    #expect(!vocabulary.isInside("left_organ", "organ_lesion"))
    #expect(vocabulary.ancestors(of: "left_organ") == ["organs"])
    #expect(vocabulary.regions == ["test"])
    #expect(vocabulary.concrete.map(\.id) == ["left_organ", "organ_lesion", "right_organ"])
  }

  @Test("has leaves for composites of composites, and ends on cycles")
  func leaves() throws {
    func category(_ id: String, _ parts: [String]) -> Category {
      let concept = Category.CodedConcept(scheme: "a", value: "b", meaning: "c")
      return Category(
        id: id, name: id, names: [:], region: "r", parts: parts, modalities: [],
        color: .init(red: 0, green: 0, blue: 0), dicom: .init(category: concept, type: concept))
    }
    let vocabulary = Vocabulary(
      categories: [
        category("a", ["b", "c"]), category("b", ["d", "e"]), category("c", ["e", "a"]),
        category("d", []), category("e", []),
      ], descriptions: [])
    #expect(vocabulary.parts(of: "a") == ["d", "e"])
    #expect(vocabulary.parts(of: "c") == ["e", "d"])
  }

  @Test(
    "gives the appearance of the modality asked for, else of its own first",
    arguments: [("CT", "greyness"), ("mr", "brightness"), ("US", "greyness"), (nil, "greyness")])
  func appearance(modality: String?, topic: String) throws {
    let scratch = try Scratch()
    let vocabulary = try Vocabulary.load(
      directory: scratch.vocab, promptsDirectory: scratch.prompts)
    let texts = vocabulary.aspectTexts(for: "left_organ", modality: modality)
    #expect(texts.count == Aspect.allCases.count)
    #expect(texts.first == "left organ")
    for (text, word) in zip(
      texts.dropFirst(), ["shape", "texture", "location", topic, "neighbourhood"])
    {
      #expect(text.contains(" \(word) "))
    }
    #expect(vocabulary.aspectTexts(for: "nothing", modality: modality).isEmpty)
  }

  @Test("is found by SEGSAM_HOME, above the program, in share/segsam, above the current folder")
  func location() throws {
    let scratch = try Scratch()
    let elsewhere = try Scratch()
    try FileManager.default.removeItem(at: elsewhere.vocab)
    let deep = scratch.root.appendingPathComponent("a/b", isDirectory: true)
    try FileManager.default.createDirectory(at: deep, withIntermediateDirectories: true)
    func find(
      _ home: String?, executable: URL?, current: URL
    ) throws(VocabularyError) -> String {
      try VocabularyLocation.find(
        environment: home.map { ["SEGSAM_HOME": $0] } ?? [:], executable: executable,
        currentDirectory: current
      ).vocabulary.resolvingSymlinksInPath().path
    }
    let expected = scratch.vocab.resolvingSymlinksInPath().path
    #expect(
      try find(scratch.root.path, executable: nil, current: elsewhere.root) == expected)
    #expect(
      try find(nil, executable: deep.appendingPathComponent("segsam"), current: elsewhere.root)
        == expected)
    #expect(try find(nil, executable: nil, current: deep) == expected)
    let share = elsewhere.root.appendingPathComponent("share/segsam", isDirectory: true)
    for folder in ["vocab", "prompts"] {
      try FileManager.default.createDirectory(
        at: share.appendingPathComponent(folder), withIntermediateDirectories: true)
    }
    let binary = elsewhere.root.appendingPathComponent("bin/segsam")
    #expect(
      try find(nil, executable: binary, current: scratch.root)
        == share.appendingPathComponent("vocab").resolvingSymlinksInPath().path)
    // A wrong SEGSAM_HOME is not passed over.
    let error = #expect(throws: VocabularyError.self) {
      try find(elsewhere.prompts.path, executable: nil, current: scratch.root)
    }
    #expect(error?.code == .notFound)
  }

  @Test("refuses a folder that is not there")
  func unreadable() throws {
    let scratch = try Scratch()
    let error = #expect(throws: VocabularyError.self) {
      try Vocabulary.load(
        directory: scratch.root.appendingPathComponent("none"), promptsDirectory: scratch.prompts)
    }
    #expect(error?.code == .unreadable)
  }
}
