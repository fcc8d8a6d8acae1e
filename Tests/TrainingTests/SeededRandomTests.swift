import Testing

@testable import Training

@Suite("Random numbers from a seed")
struct SeededRandomTests {
  @Test("are SplitMix64's")
  func reference() {
    // The published sequence for this seed.
    var random = SeededRandom(seed: 1_234_567)
    #expect(
      (0..<5).map { _ in random.next() } == [
        6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
        4_593_380_528_125_082_431, 16_408_922_859_458_223_821,
      ])
  }

  @Test("have their distributions")
  func distributions() {
    var random = SeededRandom(seed: 8)
    let units = (0..<20_000).map { _ in random.unit() }
    #expect(units.allSatisfy { (0..<1).contains($0) })
    #expect(abs(units.reduce(0, +) / 20_000 - 0.5) < 0.01)
    let normals = (0..<20_000).map { _ in random.normal() }
    let mean = normals.reduce(0, +) / 20_000
    #expect(abs(mean) < 0.03)
    #expect(abs(normals.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 20_000 - 1) < 0.05)
    #expect(Set((0..<200).map { _ in random.below(5) }) == [0, 1, 2, 3, 4])
    #expect(random.below(0) == 0)
    #expect((0..<2000).count { _ in random.chance(0.25) } < 600)
  }

  @Test("a queue gives batches in order, whatever its threads do")
  func queue() {
    let make: @Sendable (inout SeededRandom) -> Batch = { random in
      var batch = Batch()
      batch.floats["r"] = (0..<random.below(2000)).map { _ in random.unit() }
      return batch
    }
    let queue = BatchQueue(from: 5, ahead: 3, threads: 3, seed: 77, make: make)
    let again = BatchQueue(from: 7, ahead: 1, threads: 1, seed: 77, make: make)
    let first = (0..<12).map { _ in queue.next().floats["r"] }
    let second = (0..<10).map { _ in again.next().floats["r"] }
    queue.stop()
    again.stop()
    #expect(Array(first.dropFirst(2)) == second)
    #expect(Set(first.map { $0?.first }).count == 12)
  }
}
