import BusProtocol

/// Finds losses by `topic_position`, which rises by one within exactly one topic.
struct GapDetector: Sendable {
  private var last: [Topic: Int] = [:]
  private let capacity: Int

  /// - Parameter capacity: topics to keep in mind; past it all are forgotten, and a loss that
  ///   falls together with that goes unseen.
  init(capacity: Int = 65_536) { self.capacity = capacity }

  /// Messages of the topic that were lost before this one. The first of a topic tells nothing, and
  /// one that goes back means that the server has begun anew.
  mutating func lost(before message: StreamMessage) -> Int {
    guard let position = message.header.topicPosition else { return 0 }
    if last.count >= capacity, last[message.topic] == nil { last = [:] }
    let before = last.updateValue(position, forKey: message.topic)
    guard let before, before < position else { return 0 }
    let (step, overflow) = position.subtractingReportingOverflow(before)
    return overflow ? 0 : step - 1
  }
}
