import Foundation
import GRDB

extension StreamJournal {
  /// Messages after `from`, whose topics begin with one of `topics` (bytes, as ZeroMQ subscriptions
  /// do; nil: all): at most `limit` of them and `bytes` bytes as the limits count them, but always
  /// the first even if that one alone is larger, so that who goes on gets on.
  ///
  /// A `from` past the end gets nothing, and the end as `next`. Damaged messages are left out and
  /// counted. Those who append do not wait for it, except in memory.
  public func replay(
    from: Int, topics: [String]?, limit: Int, bytes: Int
  ) throws(JournalError) -> Replay {
    let filter = topics.map { TopicFilter($0) }
    // What is appended from here on is for the next replay.
    let last = position
    return try store.read { db in
      var replay = Replay(
        messages: [],
        oldest: try Int.fetchOne(db, sql: "SELECT min(position) FROM message") ?? last + 1,
        next: last, isTruncated: false)
      var used = 0
      // Without the frames: only those of messages that are wanted are read.
      let rows = try Row.fetchCursor(
        db.cachedStatement(
          sql: """
            SELECT position, topic, cost FROM message
            WHERE position > ? AND position <= ? ORDER BY position
            """),
        arguments: [from, last])
      while let row = try rows.next() {
        let position = try row.decode(Int.self, atIndex: 0)
        if let filter {
          // Not a copy of each topic: most may be of no interest.
          guard try row.withUnsafeData(atIndex: 1, { filter.matches($0 ?? Data()) }) else {
            continue
          }
        }
        let cost = try row.decode(Int.self, atIndex: 2)
        let isFirst = replay.messages.isEmpty
        guard replay.messages.count < limit, isFirst || used + cost <= bytes else {
          replay.next = position - 1
          replay.isTruncated = true
          break
        }
        guard let record = try Self.record(at: position, db) else {
          store.noteDamage()
          continue
        }
        replay.messages.append(record)
        used += cost
      }
      return replay
    }
  }

  /// nil where it is damaged.
  private static func record(at position: Int, _ db: Database) throws -> StreamRecord? {
    guard
      let row = try Row.fetchOne(
        db.cachedStatement(
          sql: "SELECT topic, topic_position, time, frames FROM message WHERE position = ?"),
        arguments: [position]),
      let topic = try? row.decode(Data.self, atIndex: 0),
      let text = String(validating: topic, as: UTF8.self),
      let topicPosition = try? row.decode(Int.self, atIndex: 1),
      let time = try? row.decode(Double.self, atIndex: 2),
      let blob = try? row.decode(Data.self, atIndex: 3), let frames = FrameCoding.decode(blob)
    else { return nil }
    return StreamRecord(
      position: position, topicPosition: topicPosition, topic: text, frames: frames,
      time: Date(timeIntervalSinceReferenceDate: time))
  }
}
