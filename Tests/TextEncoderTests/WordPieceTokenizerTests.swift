import Foundation
import Testing

@testable import TextEncoder

@Suite("WordPiece", .enabled(if: Fixtures.model != nil, "run ./bootstrap for .deps/minilm"))
struct WordPieceTokenizerTests {
  let tokenizer: WordPieceTokenizer

  init() throws {
    tokenizer = try WordPieceTokenizer(vocabularyFile: #require(Fixtures.model) + "/vocab.txt")
  }

  @Test("is Hugging Face's tokenizer, token by token")
  func equalsReference() {
    #expect(Fixtures.sentences.count >= 200)
    for sentence in Fixtures.sentences {
      #expect(tokenizer.encode(sentence.text) == sentence.ids, "\(sentence.text.debugDescription)")
    }
  }

  @Test("cuts long words into known pieces")
  func pieces() {
    let pieces = tokenizer.tokens(of: "Hepatosplenomegaly").dropFirst().dropLast()
    #expect(pieces.dropFirst().allSatisfy { $0.hasPrefix("##") })
    let joined = pieces.map { $0.hasPrefix("##") ? String($0.dropFirst(2)) : $0 }.joined()
    #expect(joined == "hepatosplenomegaly")
    #expect(tokenizer.tokens(of: "left kidney") == ["[CLS]", "left", "kidney", "[SEP]"])
  }

  @Test("keeps to the maximum length", arguments: [253, 254, 255, 100_000])
  func truncation(words: Int) {
    let ids = tokenizer.encode(String(repeating: "the ", count: words))
    #expect(ids.count == min(words + 2, WordPieceTokenizer.maximumLength))
    #expect(ids.first == 101)
    #expect(ids.last == 102)
  }
}

@Suite("WordPiece vocabulary files")
struct VocabularyFileTests {
  @Test(
    "that are not one are refused",
    arguments: [
      "", "a\nb\n", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\na\n", "[PAD]\n[UNK]\n[CLS]\n",
    ])
  func refuses(content: String) throws {
    let path = FileManager.default.temporaryDirectory
      .appendingPathComponent("vocab-\(UUID().uuidString).txt")
    try Data(content.utf8).write(to: path)
    defer { try? FileManager.default.removeItem(at: path) }
    #expect {
      try WordPieceTokenizer(vocabularyFile: path.path)
    } throws: {
      ($0 as? TextEncoderError)?.code == "encoder_invalid"
    }
  }

  @Test("that are absent are named")
  func absent() {
    #expect(throws: TextEncoderError.missing(path: "/nowhere/vocab.txt", reason: "cannot be read"))
    {
      try WordPieceTokenizer(vocabularyFile: "/nowhere/vocab.txt")
    }
  }
}
