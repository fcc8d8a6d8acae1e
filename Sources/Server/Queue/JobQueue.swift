import BusProtocol

/// Requests that wait for the model. Bounded, and fair between clients.
///
/// Higher priorities go first. Within one, each client's requests go in the order of their arrival and
/// clients take turns, by start-time fair queueing (Goyal, Vin and Cheng, SIGCOMM 1996): a request is
/// tagged with the sum of what its client had before it, counted from what is served now, and the
/// lowest tag goes first. So a client that floods waits for itself.
struct JobQueue {
  private struct Entry {
    var job: Job
    /// Virtual time at which its turn begins, and its place among all arrivals.
    var tag: Double
    var arrival: Int

    func goesBefore(_ other: Entry) -> Bool {
      let (mine, theirs) = (job.content.header.priority, other.job.content.header.priority)
      if mine != theirs { return mine > theirs }
      return (tag, arrival) < (other.tag, other.arrival)
    }
  }

  /// In the order in which they will be served.
  private var entries: [Entry] = []
  private(set) var bytes = 0
  private var arrivals = 0
  /// The tag of what was served last; where each client's next request begins.
  private var now = 0.0
  private var next: [Owner: Double] = [:]
  let capacity: Int, byteCapacity: Int
  /// Room beyond the capacity for clients that have less than their share waiting.
  private let reserve: Int, byteReserve: Int

  init(capacity: Int, byteCapacity: Int) {
    self.capacity = capacity
    self.byteCapacity = byteCapacity
    (reserve, byteReserve) = (max(1, capacity / 4), byteCapacity / 4)
  }

  var count: Int { entries.count }

  /// - Parameter isForced: for what was promised: it is taken even where there is no room.
  /// - Returns: false when there is no room.
  mutating func insert(_ job: Job, isForced: Bool = false) -> Bool {
    guard isForced || hasRoom(for: job) else { return false }
    let owner = job.key.owner
    let tag = max(now, next[owner] ?? now)
    next[owner] = tag + job.weight
    arrivals += 1
    let entry = Entry(job: job, tag: tag, arrival: arrivals)
    entries.insert(entry, at: entries.firstIndex { entry.goesBefore($0) } ?? entries.endIndex)
    bytes += job.cost
    return true
  }

  func hasRoom(for job: Job) -> Bool {
    // One alone is taken however large it is: no waiting would make more room.
    if entries.isEmpty || entries.count < capacity && bytes + job.cost <= byteCapacity {
      return true
    }
    guard entries.count < capacity + reserve, bytes + job.cost <= byteCapacity + byteReserve else {
      return false
    }
    // Full: whoever has less than an equal part still gets in.
    let owners = Set(entries.map(\.job.key.owner)).union([job.key.owner]).count
    let mine = entries.filter { $0.job.key.owner == job.key.owner }
    let ownBytes = mine.reduce(job.cost) { $0 + $1.job.cost }
    return owners > 1 && (mine.count + 1) * owners <= capacity && ownBytes <= byteCapacity / owners
  }

  mutating func popFirst() -> Job? {
    guard !entries.isEmpty else { return nil }
    let first = entries.removeFirst()
    bytes -= first.job.cost
    // Another priority's tag may lie behind.
    now = max(now, first.tag)
    forgetIdle()
    return first.job
  }

  mutating func remove(_ key: RequestKey) -> Job? {
    guard let index = entries.firstIndex(where: { $0.job.key == key }) else { return nil }
    let job = entries.remove(at: index).job
    bytes -= job.cost
    forgetIdle()
    return job
  }

  /// Clients whose turns are over start anew.
  private mutating func forgetIdle() {
    if entries.isEmpty {
      (next, now) = ([:], 0)
    } else if next.count > 2 * entries.count + 16 {
      next = next.filter { $0.value > now }
    }
  }

  func job(_ key: RequestKey) -> Job? { entries.first { $0.job.key == key }?.job }

  mutating func update(_ key: RequestKey, _ change: (inout Job) -> Void) {
    if let index = entries.firstIndex(where: { $0.job.key == key }) {
      change(&entries[index].job)
    }
  }

  /// A client's waiting requests, each with how many stand before it.
  func waiting(of owner: Owner) -> [(id: String, ahead: Int)] {
    entries.enumerated().filter { $0.element.job.key.owner == owner }
      .map { (id: $0.element.job.key.id, ahead: $0.offset) }
  }
}
