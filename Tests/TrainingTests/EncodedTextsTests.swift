import Foundation
import NeuralGraph
import Testing
import Vocabulary

@testable import Training

@Suite("Texts of a run, as a file")
struct EncodedTextsTests {
  private func texts() -> EncodedTexts {
    var random = SeededRandom(seed: 2)
    func vector(_ count: Int) -> [Float] {
      (0..<count).map { _ in Float(Float16(random.normal())) }
    }
    var texts = EncodedTexts(
      categories: ["liver", "spleen"], modalities: ["CT", "MR"], kinds: ["CT", "MR", "US"],
      encoderID: "0123abcd")
    for category in texts.categories {
      for kind in texts.kinds { texts.table[category, default: [:]][kind] = vector(12) }
      texts.categoryText += vector(12)
    }
    texts.sentences = ["liver": [vector(4), vector(4), vector(4)], "spleen": []]
    return texts
  }

  @Test("come back as they were written")
  func roundTrip() throws {
    let file = FileManager.default.temporaryDirectory
      .appendingPathComponent("texts-\(UUID().uuidString)/all.safetensors")
    defer { try? FileManager.default.removeItem(at: file.deletingLastPathComponent()) }
    let written = texts()
    try written.write(to: file)
    let read = try EncodedTexts(contentsOf: file)
    #expect(read.categories == written.categories && read.modalities == written.modalities)
    #expect(read.kinds == written.kinds && read.encoderID == written.encoderID)
    #expect(read.table == written.table)
    #expect(read.sentences == written.sentences)
    #expect(read.categoryText == written.categoryText)
  }

  @Test("are refused where a file is of something else")
  func refuses() throws {
    let file = FileManager.default.temporaryDirectory
      .appendingPathComponent("other-\(UUID().uuidString).safetensors")
    defer { try? FileManager.default.removeItem(at: file) }
    try Safetensors.write(["x": ([1], [1])], to: file.path)
    #expect(throws: CorpusError.self) { try EncodedTexts(contentsOf: file) }
  }

  @Test("free texts keep their length and stay nearest to their category")
  func freeText() {
    var random = SeededRandom(seed: 6)
    func vector(around axis: Int) -> [Float] {
      var v = (0..<64).map { _ in random.normal() * 0.05 }
      v[axis] += 1
      let length = v.reduce(0) { $0 + $1 * $1 }.squareRoot()
      return v.map { $0 / length * 8 }
    }
    let sentences = ["a": (0..<5).map { _ in vector(around: 3) }, "b": [vector(around: 40)]]
    let texts = AspectVectors([:], sentences: sentences, width: 64)
    var drawn: Set<[Float]> = []
    for _ in 0..<200 {
      for (category, own, other) in [("a", 3, 40), ("b", 40, 3)] {
        guard let v = texts.freeText(category, random: &random) else {
          Issue.record("no text of \(category)")
          continue
        }
        #expect(abs(v.reduce(0) { $0 + $1 * $1 }.squareRoot() - 8) < 1e-3)
        #expect(v[own] > 2 * abs(v[other]))
        drawn.insert(v)
      }
    }
    #expect(drawn.count > 150)
    #expect(texts.freeText("c", random: &random) == nil)
  }
}
