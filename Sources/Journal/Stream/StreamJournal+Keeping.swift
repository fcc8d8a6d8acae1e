public import Foundation
import GRDB

extension StreamJournal {
  /// Removes messages past the limits of age, number and bytes, oldest first; one dated in the future
  /// (the clock was set back) holds those behind it, until number or bytes move it. Other calls get
  /// their turn meanwhile. Every few seconds is right: it also spares `append` waiting for the disk.
  public func removeExpired(now: Date) throws(JournalError) {
    let oldest = (now - limits.streamAge).timeIntervalSinceReferenceDate
    var isCut = true
    while isCut {
      isCut = try store.change { db, counts in
        try Self.remove(db, &counts, limit: OldestRows.batch) { kept, time in
          time <= oldest || !kept.fits(most)
        }.isCut
      }
    }
    try store.tidy()
  }

  func keep(
    _ record: StreamRecord, under name: Data, _ db: Database, _ counts: inout StreamCounts
  ) throws {
    let cost = record.cost
    guard cost <= limits.streamBytes, limits.streamMessages > 0,
      let frames = FrameCoding.encode(record.frames)
    else { return try counts.savePosition(db) }
    var kept = counts.kept
    kept.add(cost)
    if !kept.fits(most) {
      let room = Tally(
        count: limits.streamMessages - 1 - min(limits.streamMessages / 8, 256),
        bytes: max(0, limits.streamBytes - cost - min(limits.streamBytes / 8, 4 << 20)))
      _ = try Self.remove(db, &counts) { kept, _ in !kept.fits(room) }
    }
    try db.cachedStatement(
      sql: """
        INSERT INTO message (position, topic, topic_position, time, cost, frames)
        VALUES (?, ?, ?, ?, ?, ?)
        """
    ).execute(arguments: [
      record.position, name, record.topicPosition, record.time.timeIntervalSinceReferenceDate,
      cost, frames,
    ])
    counts.kept.add(cost)
  }

  private var most: Tally { Tally(count: limits.streamMessages, bytes: limits.streamBytes) }

  /// The last position is that of the newest message, but for those that are not there: it is
  /// written down apart when messages go.
  private static func remove(
    _ db: Database, _ counts: inout StreamCounts, limit: Int = .max,
    while isSurplus: (Tally, Double) -> Bool
  ) throws -> OldestRows.Removal {
    let removal = try OldestRows(table: "message")
      .remove(db, from: &counts.kept, limit: limit, while: isSurplus)
    if removal.last != nil { try counts.savePosition(db) }
    return removal
  }
}
