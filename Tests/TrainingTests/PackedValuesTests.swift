import Imaging
import SegSAM
import Testing

@testable import Training

@Suite("Packed batches")
struct PackedValuesTests {
  @Test("hold masks exactly, and images to half of 1/255 of their grey levels")
  func exactness() throws {
    let maker = try SyntheticCorpus.whole().maker()
    var random = SeededRandom(seed: 3)
    for _ in 0..<10 {
      let batch = maker.make(random: &random)
      var packed = batch
      packed.pack()
      for name in ["target", "semantic_target", "drawn_target"] {
        let (expected, found) = (
          try #require(batch.floats[name]), try #require(packed.packed[name])
        )
        #expect(expected.indices.allSatisfy { found[$0] == expected[$0] }, "\(name)")
      }
      let (expected, found) = (
        try #require(batch.floats["image"]), try #require(packed.packed["image"])
      )
      // Noise may leave the range; a picture's file could not hold that either.
      let step = 1 / (255 * NetworkInput.deviation)
      for (i, v) in expected.enumerated() {
        let nearest = min(max(v, -2), 2)
        #expect(abs(found[i] - nearest) < 0.501 * step)
      }
      #expect(packed.floats.count == batch.floats.count - 4)
      #expect(packed.integers == batch.integers)
    }
  }

  @Test("clicks go where they went before a batch was packed")
  func corrections() throws {
    let maker = try SyntheticCorpus.whole().maker()
    var random = SeededRandom(seed: 12)
    var moved = 0
    for _ in 0..<10 {
      var plain = maker.make(random: &random)
      let before = plain.floats["kinds"]
      var packed = plain
      packed.pack()
      let count = try #require(plain.floats["target"]).count
      let answers = (0..<count).map { $0 % 7 < 3 ? Float(1) : -1 }
      plain.correct(after: answers, configuration: maker.configuration)
      packed.correct(after: answers, configuration: maker.configuration)
      #expect(plain.floats["places"] == packed.floats["places"])
      #expect(plain.floats["kinds"] == packed.floats["kinds"])
      if plain.floats["kinds"] != before { moved += 1 }
    }
    #expect(moved > 0)
  }
}
