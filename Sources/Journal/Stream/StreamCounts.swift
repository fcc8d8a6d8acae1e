import Foundation
import GRDB

/// The stream's numbering, and how much of it is kept.
struct StreamCounts: Sendable {
  /// Of the last message.
  var position = 0
  /// The highest count of a topic that was forgotten for want of room: those that come new start
  /// there, so that no count ever goes back.
  var floor = 0
  /// That are counted one by one.
  var topics = 0
  var kept = Tally()
  /// Of the numbering, from its first message on.
  let life: Int

  init(_ db: Database) throws {
    let saved = try Self.saved("position", db)
    position = max(
      saved, try Int.fetchOne(db, sql: "SELECT max(position) FROM message") ?? 0)
    floor = try Self.saved("floor", db)
    life = try Self.saved("life", db)
    topics = try Int.fetchOne(db, sql: "SELECT count(*) FROM topic") ?? 0
    kept = try Tally(db, of: "message")
  }

  /// The topic's next count, at the present position.
  mutating func count(_ topic: Data, _ db: Database, capacity: Int) throws -> Int {
    let last = try Int.fetchOne(
      db.cachedStatement(sql: "SELECT count FROM topic WHERE name = ?"), arguments: [topic])
    if last == nil {
      if topics >= max(1, capacity) { try forgetOldest(db, capacity: max(1, capacity)) }
      topics += 1
    }
    let next = (last ?? floor) + 1
    try db.cachedStatement(
      sql: """
        INSERT INTO topic (name, count, used) VALUES (?, ?, ?)
        ON CONFLICT (name) DO UPDATE SET count = excluded.count, used = excluded.used
        """
    ).execute(arguments: [topic, next, position])
    return next
  }

  func savePosition(_ db: Database) throws { try Self.save(position, "position", db) }

  /// An eighth at a time, since finding them means to look at all.
  private mutating func forgetOldest(_ db: Database, capacity: Int) throws {
    let surplus = topics - capacity + max(1, capacity / 8)
    let rows = try Row.fetchAll(
      db.cachedStatement(sql: "SELECT name, count FROM topic ORDER BY used LIMIT ?"),
      arguments: [surplus])
    let delete = try db.cachedStatement(sql: "DELETE FROM topic WHERE name = ?")
    for row in rows {
      floor = max(floor, try row.decode(Int.self, atIndex: 1))
      try delete.execute(arguments: [try row.decode(Data.self, atIndex: 0)])
    }
    topics -= rows.count
    try Self.save(floor, "floor", db)
  }

  private static func saved(_ name: String, _ db: Database) throws -> Int {
    try Int.fetchOne(
      db, sql: "SELECT value FROM counter WHERE name = ?", arguments: [name]) ?? 0
  }

  private static func save(_ value: Int, _ name: String, _ db: Database) throws {
    try db.cachedStatement(
      sql: """
        INSERT INTO counter (name, value) VALUES (?, ?)
        ON CONFLICT (name) DO UPDATE SET value = excluded.value
        """
    ).execute(arguments: [name, value])
  }
}
