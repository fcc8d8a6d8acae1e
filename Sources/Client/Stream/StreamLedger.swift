import BusProtocol

/// What was given out of the stream, and what may be missing. Knows no socket and no clock.
///
/// Of all topics, the position of each message is one over that of the one before, so that any gap
/// shows. Of some topics, a gap shows in the topic's own count; and after a reconnect whatever there
/// is between may be missing.
struct StreamLedger: Sendable {
  /// What may be missing: positions over `after`, up to `through`.
  struct Gap: Sendable, Hashable {
    var after: Int
    var through: Int
    /// nil: of all topics that are wanted.
    var topic: Topic?
  }

  private struct Last: Sendable {
    var position: Int
    var count: Int
  }

  /// All topics are wanted.
  let isDense: Bool
  /// What there was up to here was given out, or is lost. nil: nothing came yet.
  private(set) var position: Int?
  /// The last message that was given out.
  private var given: Int?
  /// Topics that are not among `topics` have nothing to give up to here.
  private var floor: Int?
  /// The last that came live.
  private var live: Int?
  private var topics: [Topic: Last] = [:]
  /// Of the server's numbers, as its heartbeats tell.
  private var life: String?
  private var isDoubtful: Bool
  /// For the next event.
  private var expired = 0
  private let capacity: Int

  /// - Parameters:
  ///   - after: what was given out in an earlier life; nil: it begins with what comes first.
  ///   - capacity: topics to keep in mind; past it all are forgotten.
  init(isDense: Bool, after: Int? = nil, capacity: Int = 65_536) {
    self.isDense = isDense
    self.capacity = capacity
    (position, given, floor) = (after, after, after)
    isDoubtful = after != nil
  }

  /// The connection is another: what was published meanwhile did not come.
  mutating func reconnect() { isDoubtful = position != nil }

  /// Takes note of a live message, before it is admitted.
  ///
  /// - Returns: what is to be asked for first.
  mutating func arrive(_ message: StreamMessage) -> Gap? {
    if isOfAnotherLife(message) { beginAnew() }
    life = message.header.life ?? life
    let last = message.lastBefore
    live = message.header.position
    guard let settled = position else {
      (position, given, floor) = (last, last, last)
      return nil
    }
    var gap: Gap?
    if isDoubtful {
      // A position that lies back may be one of a server that counts anew: asking tells.
      if last != settled { gap = Gap(after: settled, through: max(last, settled), topic: nil) }
    } else if isDense {
      if last > settled { gap = Gap(after: settled, through: last, topic: nil) }
    } else if let before = missing(before: message), last > before {
      gap = Gap(after: before, through: last, topic: message.topic)
    }
    if gap == nil { isDoubtful = false }
    return gap
  }

  /// After which position messages of this topic are missing, as its count tells.
  private func missing(before message: StreamMessage) -> Int? {
    guard let count = message.header.topicPosition else { return nil }
    guard let last = topics[message.topic] else { return count > 1 ? floor : nil }
    return count > last.count + 1 ? last.position : nil
  }

  private func isOfAnotherLife(_ message: StreamMessage) -> Bool {
    if let life, let new = message.header.life, new != life { return true }
    let position = message.header.position
    guard let count = message.header.topicPosition else {
      return live.map { position < $0 } ?? false
    }
    if let live, position <= live { return true }
    return topics[message.topic].map { position > $0.position && count <= $0.count } ?? false
  }

  /// The server counts from the start again: all that it has is new.
  mutating func beginAnew() {
    topics = [:]
    (position, given, floor, live) = (0, 0, 0, nil)
    isDoubtful = true
  }

  /// What the server has begins at `oldest`.
  mutating func note(oldest: Int, of gap: Gap) {
    expired += max(0, min(oldest - 1, gap.through) - gap.after)
  }

  /// All that there is of a gap was admitted.
  mutating func settle(_ gap: Gap) {
    guard gap.topic == nil else { return }
    position = max(position ?? 0, gap.through)
    floor = max(floor ?? 0, gap.through)
    isDoubtful = false
  }

  /// - Returns: nil where it was given out already.
  mutating func admit(_ message: StreamMessage, isReplayed: Bool) -> StreamEvent? {
    var event = StreamEvent(message: message, lost: 0, isReplayed: isReplayed)
    guard let count = message.header.topicPosition else { return event }
    let (topic, position) = (message.topic, message.header.position)
    let last = topics[topic]
    if isDense {
      guard position > given ?? 0 else { return nil }
      event.lost = position - (given ?? 0) - 1
    } else if let last {
      guard position > last.position, count > last.count else { return nil }
      event.lost = count - last.count - 1
    } else {
      guard position > floor ?? 0 else { return nil }
    }
    if last == nil, topics.count >= capacity {
      topics = [:]
      floor = self.position
    }
    topics[topic] = Last(position: position, count: count)
    given = position
    self.position = max(self.position ?? 0, position)
    (event.expired, expired) = (expired, 0)
    return event
  }
}

extension StreamMessage {
  /// The last position before this message. One without a number of its own, as a heartbeat, has that
  /// of the last one with.
  var lastBefore: Int {
    header.topicPosition == nil ? header.position : header.position - 1
  }

  /// Whether one can count with its numbers.
  var isCountable: Bool {
    let most = 1 << 53
    guard (0...most).contains(header.position) else { return false }
    return header.topicPosition.map { (1...most).contains($0) && header.position > 0 } ?? true
  }
}
