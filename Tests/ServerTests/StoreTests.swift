import BusProtocol
import Imaging
import Testing
import ZeroMQ

@testable import Server

/// What is kept, with the time given by hand.
struct StoreTests {
  let start = ContinuousClock.now
  let mine = Owner(client: nil, route: Frame("a")), other = Owner(client: nil, route: Frame("b"))

  func image(_ voxels: Int = 16) -> KeyedImage {
    KeyedImage(
      image: MedicalImage(
        width: voxels, height: 1, samples: [Float](repeating: 0, count: voxels)),
      key: "k")
  }

  @Test func leasesEndUnlessRenewed() {
    var store = ImageStore(capacity: 1 << 20, count: 10, lease: .seconds(60))
    store.put(image(), id: "1", owner: mine, now: start)
    store.put(image(), id: "2", owner: other, now: start)
    store.renew(mine, now: start + .seconds(50))
    store.removeExpired(now: start + .seconds(60))
    #expect(store.ids(of: mine) == ["1"] && store.ids(of: other).isEmpty)
    #expect(store.bytes == 64)
    // A lease that has run out is not renewed.
    store.renew(mine, now: start + .seconds(200))
    store.removeExpired(now: start + .seconds(200))
    #expect(store.ids(of: mine).isEmpty && store.bytes == 0)
  }

  @Test func theImageUsedLeastRecentlyGoesFirst() {
    var store = ImageStore(capacity: 3 * 64, count: 10, lease: .seconds(60))
    for (n, id) in ["1", "2", "3"].enumerated() {
      store.put(image(), id: id, owner: mine, now: start + .seconds(n))
    }
    #expect(store.take("1", owner: mine, now: start + .seconds(5)) != nil)
    #expect(store.take("1", owner: other, now: start) == nil)
    store.put(image(), id: "4", owner: mine, now: start + .seconds(6))
    #expect(store.ids(of: mine) == ["1", "3", "4"])
    store.put(image(100), id: "5", owner: mine, now: start + .seconds(7))
    #expect(store.ids(of: mine) == ["1", "3", "4"])
  }

  @Test func answersAgeAndGiveWay() {
    var store = AnswerStore(capacity: 1000, count: 2, age: .seconds(600))
    let digest = ContentDigest { $0.combine(1) }
    func key(_ id: String) -> RequestKey { RequestKey(owner: mine, id: id) }
    for (n, id) in ["a", "b", "c"].enumerated() {
      store.store(
        .init(digest: digest, frames: [Frame("x")], time: start + .seconds(n)), for: key(id))
    }
    #expect(store.answer(for: key("a")) == nil && store.answer(for: key("c")) != nil)
    store.removeExpired(now: start + .seconds(601))
    #expect(store.answer(for: key("b")) == nil && store.answer(for: key("c")) != nil)
    store.removeExpired(now: start + .seconds(602))
    #expect(store.answer(for: key("c")) == nil && store.bytes == 0)
    store.store(
      .init(digest: digest, frames: [Frame([UInt8](repeating: 0, count: 2000))], time: start),
      for: key("large"))
    #expect(store.answer(for: key("large")) == nil)
  }

  @Test func ownersDoNotMix() {
    let uuid = "0b51a3ce-5d21-4c1e-9a55-0d6f3a2b1c00"
    #expect(Owner(client: uuid, route: Frame("a")) == Owner(client: uuid, route: Frame("b")))
    #expect(Owner(client: uuid, route: Frame("a")) != Owner(client: nil, route: Frame(uuid)))
    #expect(mine != other)
  }

  @Test func digestsTellContentsApart() {
    let texts = (0..<100).map { "content \($0)" }
    let digests = Set(texts.map { text in ContentDigest { $0.combine(text) } })
    #expect(digests.count == 100)
    #expect(digests.allSatisfy { $0.text.utf8.count == 32 })
    #expect(ContentDigest { $0.combine("a") } == ContentDigest { $0.combine("a") })
  }

  @Test(arguments: [0, 1, 7, 1023, 1024, 1025, 5000])
  func everyByteOfAPayloadCounts(count: Int) {
    let bytes = (0..<count).map { UInt8(truncatingIfNeeded: (($0 &+ 1) &* 2_654_435_761) >> 7) | 1 }
    let whole = ContentDigest(Payload(bytes))
    #expect(whole == ContentDigest(Payload(bytes)))
    // Zeros at the end are no padding.
    var others = [whole, ContentDigest(Payload(bytes + [0])), ContentDigest(Payload([0] + bytes))]
    for n in stride(from: 0, to: count, by: max(1, count / 50)) {
      var changed = bytes
      changed[n] ^= 1 << UInt8(n % 8)
      others.append(ContentDigest(Payload(changed)))
    }
    if count > 2048 {
      others.append(
        ContentDigest(Payload(Array(bytes[1024..<2048] + bytes[..<1024] + bytes[2048...]))))
    }
    #expect(count == 0 || Set(others).count == others.count)
  }
}
