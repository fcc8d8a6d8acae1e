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
        parameters: InputImageParameters(layout: .dhw))
    }
    return Job(
      request: id, key: RequestKey(owner: Owner(text: owner), id: id),
      digest: ContentDigest { $0.combine(id) }, route: nil, content: content, lane: .model,
      arrival: .now, cost: cost,
      progress: ProgressGate(id: id, request: id, router: router, publisher: publisher))
  }

  private func takes(_ queue: inout JobQueue, _ job: Job, isForced: Bool = false) -> Bool {
    queue.insert(job, isForced: isForced)
  }

  private func order(_ queue: inout JobQueue) -> [String] {
    var ids: [String] = []
    while let job = queue.popFirst() { ids.append(job.key.id) }
    return ids
  }

  @Test func clientsTakeTurns() {
    var queue = JobQueue(capacity: 100, byteCapacity: 100)
    for n in 1...4 { #expect(takes(&queue, job("flood", "f\(n)")) == true) }
    let first = queue.popFirst()
    #expect(first?.key.id == "f1")
    for n in 1...2 { #expect(takes(&queue, job("a", "a\(n)")) == true) }
    #expect(takes(&queue, job("b", "b1")) == true)
    #expect(queue.waiting(of: Owner(text: "b")).map(\.ahead) == [1])
    // Who has waited for nothing yet is served before the rest of the flood.
    #expect(order(&queue) == ["a1", "b1", "f2", "a2", "f3", "f4"])
  }

  @Test func prioritiesComeFirst() {
    var queue = JobQueue(capacity: 100, byteCapacity: 100)
    for (id, priority) in [("low", -3), ("usual", 0), ("high", 10), ("later", 0)] {
      #expect(takes(&queue, job("a", id, priority: priority)) == true)
    }
    #expect(order(&queue) == ["high", "usual", "later", "low"])
  }

  @Test func aVolumeCountsItsSlices() {
    var queue = JobQueue(capacity: 100, byteCapacity: 100)
    for n in 1...2 { #expect(takes(&queue, job("volumes", "v\(n)", slices: 4)) == true) }
    for n in 1...6 { #expect(takes(&queue, job("images", "i\(n)")) == true) }
    #expect(order(&queue) == ["v1", "i1", "i2", "i3", "i4", "v2", "i5", "i6"])
  }

  @Test func aFloodLeavesRoomForOthers() {
    var queue = JobQueue(capacity: 8, byteCapacity: 100)
    for n in 1...8 { #expect(takes(&queue, job("flood", "f\(n)")) == true) }
    #expect(takes(&queue, job("flood", "f9")) == false)
    // A quarter more, for who has less than an equal part.
    for n in 1...2 { #expect(takes(&queue, job("other", "o\(n)")) == true) }
    #expect(takes(&queue, job("other", "o3")) == false)
    #expect(takes(&queue, job("promised", "p1"), isForced: true) == true)
    #expect(queue.count == 11)
  }

  @Test func bytesAreShared() {
    var queue = JobQueue(capacity: 100, byteCapacity: 80)
    #expect(takes(&queue, job("flood", "f1", cost: 80)) == true)
    #expect(takes(&queue, job("flood", "f2", cost: 1)) == false)
    #expect(takes(&queue, job("other", "o1", cost: 20)) == true)
    #expect(takes(&queue, job("other", "o2", cost: 1)) == false)
    _ = queue.remove(RequestKey(owner: Owner(text: "flood"), id: "f1"))
    #expect(queue.bytes == 20)
    #expect(takes(&queue, job("flood", "f3", cost: 60)) == true)
  }
}
