import BusProtocol

/// Requests that wait for the model: by priority, then in the order of arrival. Bounded.
struct JobQueue {
  private var jobs: [Job] = []
  private(set) var bytes = 0
  let capacity: Int, byteCapacity: Int

  init(capacity: Int, byteCapacity: Int) {
    self.capacity = capacity
    self.byteCapacity = byteCapacity
  }

  var count: Int { jobs.count }

  /// - Returns: false when there is no room.
  mutating func insert(_ job: Job) -> Bool {
    guard jobs.count < capacity, bytes + job.cost <= byteCapacity else { return false }
    let priority = job.content.header.priority
    let place =
      jobs.lastIndex { $0.content.header.priority >= priority }.map { $0 + 1 } ?? jobs.startIndex
    jobs.insert(job, at: place)
    bytes += job.cost
    return true
  }

  mutating func popFirst() -> Job? {
    guard !jobs.isEmpty else { return nil }
    let job = jobs.removeFirst()
    bytes -= job.cost
    return job
  }

  mutating func remove(_ key: RequestKey) -> Job? {
    guard let index = jobs.firstIndex(where: { $0.key == key }) else { return nil }
    let job = jobs.remove(at: index)
    bytes -= job.cost
    return job
  }

  func job(_ key: RequestKey) -> Job? { jobs.first { $0.key == key } }

  mutating func update(_ key: RequestKey, _ change: (inout Job) -> Void) {
    if let index = jobs.firstIndex(where: { $0.key == key }) { change(&jobs[index]) }
  }

  /// A client's waiting requests, each with how many stand before it.
  func waiting(of owner: Owner) -> [(id: String, ahead: Int)] {
    jobs.enumerated().filter { $0.element.key.owner == owner }
      .map { (id: $0.element.key.id, ahead: $0.offset) }
  }
}
