import Foundation
import Testing
import Vocabulary

@Suite("The validator")
struct ValidatorTests {
  /// One thing broken, and the finding it must give.
  struct Fault: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let rule: Finding.Rule
    let file: String
    let entry: String?
    let apply: @Sendable (Scratch) throws -> Void

    init(
      _ name: String, _ rule: Finding.Rule, _ file: String, _ entry: String?,
      _ apply: @escaping @Sendable (Scratch) throws -> Void
    ) {
      testDescription = name
      self.rule = rule
      self.file = file
      self.entry = entry
      self.apply = apply
    }

    static func entry(
      _ name: String, _ rule: Finding.Rule, _ entry: String, _ member: String,
      _ value: @escaping @Sendable () -> Any?
    ) -> Fault {
      Fault(name, rule, "vocab/test.json", entry) { $0.entries[entry]?[member] = value() }
    }
  }

  static let entries: [Fault] = [
    .entry("colour out of range", .badEntry, "left_organ", "color") { [1, 2, 256] },
    .entry("two colour components", .badEntry, "left_organ", "color") { [1, 2] },
    .entry("unknown laterality", .badEntry, "left_organ", "laterality") { "port" },
    .entry("no name", .badEntry, "left_organ", "name") { nil },
    .entry("outer space in the name", .badEntry, "left_organ", "name") { " left organ" },
    .entry("no Chinese name", .badEntry, "left_organ", "names") {
      ["en": ["left organ"], "la": [String](), "zh": [String]()]
    },
    .entry("misspelt member", .badEntry, "left_organ", "insde") { "organs" },
    .entry("unknown modality", .badEntry, "left_organ", "modalities") { ["CAT"] },
    .entry("no modality", .badEntry, "left_organ", "modalities") { [String]() },
    .entry("unknown code scheme", .badEntry, "left_organ", "codes") { ["ICD": "1"] },
    .entry("no DICOM property", .badEntry, "left_organ", "dicom") { nil },
    .entry("one part only", .badEntry, "organs", "parts") { ["left_organ"] },
    .entry("dangling parent", .dangling, "left_organ", "parent") { "gone" },
    .entry("dangling inside", .dangling, "organ_lesion", "inside") { "gone" },
    .entry("dangling part", .dangling, "organs", "parts") { ["left_organ", "gone"] },
    .entry("parent of itself", .cycle, "organs", "parent") { "left_organ" },
    .entry("inside itself", .cycle, "organ_lesion", "inside") { "organ_lesion" },
    .entry("part of itself", .cycle, "organs", "parts") { ["left_organ", "organs"] },
    .entry("code claimed twice", .sharedCode, "right_organ", "codes") { ["SCT": "1000"] },
    .entry("name claimed twice", .sharedName, "right_organ", "names") {
      ["en": ["right organ", "Órgan_Left"], "la": [String](), "zh": ["丁丁"]]
    },
  ]

  static let files: [Fault] = [
    Fault("not JSON", .unreadableFile, "vocab/test.json", nil) {
      try Data("{".utf8).write(to: $0.vocab.appendingPathComponent("test.json"))
    },
    Fault("duplicate member", .unreadableFile, "prompts/organs.json", nil) {
      try Data(#"{"category": "organs", "category": "organs"}"#.utf8)
        .write(to: $0.prompts.appendingPathComponent("organs.json"))
    },
    Fault("same id in two files", .duplicateID, "vocab/zz.json", "organs") {
      try $0.write(
        ["region": "zz", "categories": [Scratch.entry("organs", number: 0)]],
        to: $0.vocab.appendingPathComponent("zz.json"))
    },
    Fault("region unlike the file's name", .badEntry, "vocab/zz.json", nil) {
      try $0.write(
        ["region": "other", "categories": []], to: $0.vocab.appendingPathComponent("zz.json"))
    },
    Fault("a phrasing of one word, twice", .badDescription, "prompts/organs.json", "organs") {
      try $0.write(
        Scratch.description("organs", number: 0).merging(
          ["phrasings": ["inwards", "inwards"]], uniquingKeysWith: { $1 }),
        to: $0.prompts.appendingPathComponent("organs.json"))
    },
    Fault("stray file in vocab", .strayFile, "vocab/notes.txt", nil) {
      try Data().write(to: $0.vocab.appendingPathComponent("notes.txt"))
    },
    Fault("stray folder in prompts", .strayFile, "prompts/old", nil) {
      try FileManager.default.createDirectory(
        at: $0.prompts.appendingPathComponent("old"), withIntermediateDirectories: false)
    },
    Fault("no prompt", .missingDescription, "vocab/test.json", "organs") {
      try FileManager.default.removeItem(at: $0.prompts.appendingPathComponent("organs.json"))
    },
    Fault("prompt of nothing", .unknownCategory, "prompts/ghost.json", "ghost") {
      try $0.write(
        Scratch.description("ghost", number: 1).merging(
          ["aspects": Self.otherAspects], uniquingKeysWith: { $1 }),
        to: $0.prompts.appendingPathComponent("ghost.json"))
    },
  ]

  static var otherAspects: [String: Any] {
    func text(_ topic: String) -> String {
      "Nobody has seen the \(topic) of a ghost, yet everyone who tells tales describes it."
    }
    return [
      "shape": text("shape"), "texture": text("texture"), "location": text("location"),
      "appearance": ["CT": text("greyness")], "neighbours": text("company"),
    ]
  }

  static let descriptions: [Fault] = [
    .description("no shape", "shape") { nil },
    .description("empty texture", "texture") { "" },
    .description("three words", "location") { "Somewhere in there." },
    .description("far too long", "location") {
      String(repeating: "word ", count: 200) + "end."
    },
    .description("no appearance", "appearance") { [String: String]() },
    .description("appearance not for the first modality", "appearance", .missingAppearance) {
      ["MR": "On this kind of picture the thing is rather grey and hardly stands out at all."]
    },
  ]

  @Test("names file and entry", arguments: entries + descriptions)
  func content(fault: Fault) throws {
    let scratch = try Scratch()
    try fault.apply(scratch)
    try scratch.write()
    try expect(fault, in: scratch)
  }

  @Test("names the file", arguments: files)
  func file(fault: Fault) throws {
    let scratch = try Scratch()
    try fault.apply(scratch)
    try expect(fault, in: scratch)
  }

  private func expect(_ fault: Fault, in scratch: Scratch) throws {
    let findings = try VocabularyValidator.validate(
      directory: scratch.vocab, promptsDirectory: scratch.prompts)
    #expect(
      findings.contains {
        $0.rule == fault.rule && $0.file == fault.file && $0.entry == fault.entry
      }, "\(findings)")
    // Whatever the validator refuses but shared sentences, a start refuses too.
    #expect(throws: VocabularyError.self) {
      try Vocabulary.load(directory: scratch.vocab, promptsDirectory: scratch.prompts)
    }
  }

  @Test("finds nothing in sound data")
  func sound() throws {
    let scratch = try Scratch()
    let findings = try VocabularyValidator.validate(
      directory: scratch.vocab, promptsDirectory: scratch.prompts)
    #expect(findings.isEmpty, "\(findings)")
  }

  @Test(
    "finds a sentence that serves two categories once names and sides are out",
    arguments: [
      ("The left organ lies behind the stomach wall, close to the spine.", true),
      ("the RIGHT organ lies behind the stomach wall close to the spine", true),
      ("The right organs lies behind the stomach wall, close to the spine! It is small.", true),
      ("The right organ lies before the stomach wall, far from the spine.", false),
    ])
  func sentences(text: String, shared: Bool) throws {
    let scratch = try Scratch()
    scratch.setAspect(
      "location", of: "left_organ",
      to: "The left organ lies behind the stomach wall, close to the spine.")
    scratch.setAspect("location", of: "right_organ", to: text)
    try scratch.write()
    let findings = try VocabularyValidator.validate(
      directory: scratch.vocab, promptsDirectory: scratch.prompts)
    #expect(findings.map(\.rule) == (shared ? [.sharedSentence] : []), "\(findings)")
    #expect(findings.allSatisfy { $0.entry == "right_organ" })
    // It is no reason not to start.
    _ = try Vocabulary.load(directory: scratch.vocab, promptsDirectory: scratch.prompts)
  }
}

extension ValidatorTests.Fault {
  static func description(
    _ name: String, _ aspect: String, _ rule: Finding.Rule = .badDescription,
    _ value: @escaping @Sendable () -> Any?
  ) -> Self {
    Self(name, rule, "prompts/organs.json", "organs") {
      $0.setAspect(aspect, of: "organs", to: value())
    }
  }
}
