import Imaging
import Testing

@testable import Training

@Suite("The store of slices")
struct SliceStoreTests {
  @Test("knows what can be asked of each set, and what cannot be in it")
  func targets() throws {
    let files = try SyntheticCorpus.whole()
    try files.addKidneys([("a", "train", nil), ("b", "train", ["right_kidney"])])
    let store = try files.store()
    let names = SyntheticCorpus.categories
    #expect(store.targets[0].map(\.category) == ["left_kidney", "right_kidney", "renal_lesion"])
    #expect(store.targets[0][0].values == [1, 3])
    #expect(store.targets[0][0].own == [1])
    #expect(
      store.targets.map { $0.map { $0.members.map { names[$0] } } } == [
        [["left_kidney"], ["right_kidney"], ["renal_lesion"]], [["left_kidney", "right_kidney"]],
        [["cell"]],
      ])
    #expect(store.pairs == [[1, 3]])
    #expect(store.known[0] == [[true, true, true], [false, true, false]])
    // Only cells look the same in a mirror.
    #expect(store.sides.map(\.mirrors) == [false, false, true])
    #expect(
      store.foreignCategories.map { $0.map { names[$0] } } == [
        ["cell"], ["cell"], ["left_kidney", "renal_lesion", "right_kidney"],
      ])
  }

  @Test("keeps slices small, gray where they are, with their labels counted")
  func slices() throws {
    let store = try SyntheticCorpus.whole().store(side: 20)
    #expect(store.slices.map(\.dataSet) == [0, 0, 1, 2])
    #expect(store.slices.map(\.channels) == [1, 1, 1, 3])
    for slice in store.slices {
      #expect((slice.width, slice.height) == (20, 15))
      #expect(slice.pixels.count == 300 * slice.channels)
      #expect(slice.labels.count == 300)
      var counts: [UInt8: Int] = [:]
      for v in slice.labels where v != 0 { counts[v, default: 0] += 1 }
      #expect(slice.counts == counts)
    }
    // Half of 10 × 16 pixels, and of that less the lesion's 4 × 4.
    #expect(store.slices[0].counts == [2: 40, 1: 36, 3: 4])
    // Small images are not blown up.
    #expect(try SyntheticCorpus.whole().store(side: 100).slices[0].width == 40)
  }

  @Test("draws slices that show what they are drawn for")
  func draws() throws {
    let store = try SyntheticCorpus.whole().store()
    var random = SeededRandom(seed: 3)
    var seen: Set<[Int]> = []
    for _ in 0..<200 {
      let (index, target) = store.draw(random: &random)
      let slice = store.slices[index]
      guard let target else { continue }
      let values = store.targets[slice.dataSet][target].values
      #expect(values.contains { slice.counts[$0, default: 0] > 0 })
      let focus = try #require(store.focus(on: target, in: slice, random: &random))
      #expect(values.contains(slice.labels[Int(focus.y) * slice.width + Int(focus.x)]))
      seen.insert([slice.dataSet, target])
    }
    #expect(seen.count == 5)
  }
}
