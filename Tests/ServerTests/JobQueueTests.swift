import BusProtocol
import Journal
import Testing
import ZeroMQ

@testable import Server

/// The order of what waits, and who still gets in.
@Suite struct JobQueueTests {
  private let loop: SocketLoop
  private let publisher: Publisher
  private let router: Endpoint

  init() async throws {
    loop = try SocketLoop()
    router = try await loop.open(.push, at: [.bind("inproc://queue")])
    publisher = Publisher(
      endpoint: router, journal: try StreamJournal(folder: nil, limits: JournalLimits()))
  }

  private func job(
    _ owner: String, _ id: String, priority: Int = 0, slices: Int? = nil, cost: Int = 1
  ) -> Job {
    let header = RequestHeader(id: id, method: "segment", priority: priority)
    var content = Request(isEnveloped: false, header: header, parameters: .imagePut)
    if let slices {
      let entry = TensorEntry(name: "image", datatype: .uint8, shape: [slices, 1, 1])
      content.image = InputImage(
        tensor: Tensor(entry: entry, payload: Payload([UInt8](repeating: 0, count: slices))),
        parameters: InputImageParameters())
    }
    return Job(
      request: id, key: RequestKey(owner: Owner(text: owner), id: id),
      digest: ContentDigest { $0.combine(id) }, route: nil, content: content, lane: .model,
      arrival: .now, cost: cost,
      progress: ProgressGate(id: id, request: id, router: router, publisher: publisher))
  }

  private func order(_ queue: inout JobQueue) -> [String] {
    var ids: [String] = []
    while let job = queue.popFirst() { ids.append(job.key.id) }
    return ids
  }

  @Test func clientsTakeTurns() {
    var queue = JobQueue(capacity: 100, byteCapacity: 100)
    for n in 1...4 { #expect(queue.insert(job("flood", "f\(n)"))) }
    #expect(queue.popFirst()?.key.id == "f1")
    for n in 1...2 { #expect(queue.insert(job("a", "a\(n)"))) }
    #expect(queue.insert(job("b", "b1")))
    #expect(queue.waiting(of: Owner(text: "b")).map(\.ahead) == [1])
    // Who has waited for nothing yet is served before the rest of the flood.
    #expect(order(&queue) == ["a1", "b1", "f2", "a2", "f3", "f4"])
  }

  @Test func prioritiesComeFirst() {
    var queue = JobQueue(capacity: 100, byteCapacity: 100)
    for (id, priority) in [("low", -3), ("usual", 0), ("high", 10), ("later", 0)] {
      #expect(queue.insert(job("a", id, priority: priority)))
    }
    #expect(order(&queue) == ["high", "usual", "later", "low"])
  }

  @Test func aVolumeCountsItsSlices() {
    var queue = JobQueue(capacity: 100, byteCapacity: 100)
    for n in 1...2 { #expect(queue.insert(job("volumes", "v\(n)", slices: 4))) }
    for n in 1...6 { #expect(queue.insert(job("images", "i\(n)"))) }
    #expect(order(&queue) == ["v1", "i1", "i2", "i3", "i4", "v2", "i5", "i6"])
  }

  @Test func aFloodLeavesRoomForOthers() {
    var queue = JobQueue(capacity: 8, byteCapacity: 100)
    for n in 1...8 { #expect(queue.insert(job("flood", "f\(n)"))) }
    #expect(!queue.insert(job("flood", "f9")))
    // A quarter more, for who has less than an equal part.
    #expect(queue.insert(job("other", "o1")) && queue.insert(job("other", "o2")))
    #expect(!queue.insert(job("other", "o3")))
    #expect(queue.insert(job("promised", "p1"), isForced: true))
    #expect(queue.count == 11)
  }

  @Test func bytesAreShared() {
    var queue = JobQueue(capacity: 100, byteCapacity: 80)
    #expect(queue.insert(job("flood", "f1", cost: 80)))
    #expect(!queue.insert(job("flood", "f2", cost: 1)))
    #expect(queue.insert(job("other", "o1", cost: 20)))
    #expect(!queue.insert(job("other", "o2", cost: 1)))
    _ = queue.remove(RequestKey(owner: Owner(text: "flood"), id: "f1"))
    #expect(queue.bytes == 20 && queue.insert(job("flood", "f3", cost: 60)))
  }
}
