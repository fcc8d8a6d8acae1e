import ZeroMQ

/// Final `ok` replies, to be sent again when their request is repeated.
///
/// Bounded in age, bytes and number; the oldest go first.
struct AnswerStore {
  struct Answer {
    var digest: ContentDigest
    /// Header and outputs, without route and envelope.
    var frames: [Frame]
    var time: ContinuousClock.Instant
    var cost: Int { frames.reduce(256) { $0 + $1.count } }
  }

  private var answers: [RequestKey: Answer] = [:]
  /// In the order in which they were stored; keys of answers that are gone are skipped.
  private var order: [RequestKey] = []
  private var head = 0
  private(set) var bytes = 0
  let capacity: Int, count: Int
  let age: Duration

  init(capacity: Int, count: Int, age: Duration) {
    self.capacity = capacity
    self.count = count
    self.age = age
  }

  mutating func store(_ answer: Answer, for key: RequestKey) {
    guard answer.cost <= capacity, answers[key] == nil else { return }
    while bytes + answer.cost > capacity || answers.count >= count { removeOldest() }
    answers[key] = answer
    order.append(key)
    bytes += answer.cost
  }

  var number: Int { answers.count }

  func answer(for key: RequestKey) -> Answer? { answers[key] }

  mutating func removeExpired(now: ContinuousClock.Instant) {
    while head < order.count, let answer = answers[order[head]], now - answer.time >= age {
      removeOldest()
    }
  }

  mutating func removeAll() { (answers, order, head, bytes) = ([:], [], 0, 0) }

  private mutating func removeOldest() {
    guard head < order.count else { return }
    if let answer = answers.removeValue(forKey: order[head]) { bytes -= answer.cost }
    head += 1
    if head > 256 && head * 2 > order.count {
      order.removeFirst(head)
      head = 0
    }
  }
}
