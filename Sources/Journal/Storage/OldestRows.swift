import GRDB

/// Takes the oldest rows out of a table, one that has the columns `position`, `time` and `cost`.
struct OldestRows {
  /// A batch: other writers wait no longer than that many rows take.
  static let batch = 128
  var table: StaticString

  struct Removal {
    /// Position of the newest row that went.
    var last: Int?
    /// It stopped for `limit`; there may be more to remove.
    var isCut = false
  }

  /// Removes from the oldest on while `isSurplus`, which is given what is kept, that row included,
  /// and the row's time. A row that is not surplus ends it: those behind it stay, whatever their
  /// times are, so that what is kept has no holes.
  func remove(
    _ db: Database, from kept: inout Tally, limit: Int = .max,
    while isSurplus: (Tally, Double) -> Bool
  ) throws -> Removal {
    var removal = Removal()
    var left = kept
    try choose(db, from: &left, limit: limit, into: &removal, while: isSurplus)
    guard let last = removal.last else { return removal }
    try db.cachedStatement(sql: "DELETE FROM \(table) WHERE position <= ?")
      .execute(arguments: [last])
    kept = left
    return removal
  }

  private func choose(
    _ db: Database, from left: inout Tally, limit: Int, into removal: inout Removal,
    while isSurplus: (Tally, Double) -> Bool
  ) throws {
    let rows = try Row.fetchCursor(
      db.cachedStatement(sql: "SELECT position, time, cost FROM \(table) ORDER BY position"))
    var count = 0
    while let row = try rows.next() {
      guard isSurplus(left, try row.decode(Double.self, atIndex: 1)) else { return }
      if count == limit {
        removal.isCut = true
        return
      }
      count += 1
      removal.last = try row.decode(Int.self, atIndex: 0)
      left.remove(try row.decode(Int.self, atIndex: 2))
    }
    // None is left. Says so too where a damaged cost made the tally drift.
    left = Tally()
  }
}

extension Tally {
  /// By a scan, once, when the database is opened. It reads no frames.
  init(_ db: Database, of table: StaticString) throws {
    let row = try Row.fetchOne(db, sql: "SELECT count(*), total(cost) FROM \(table)")
    count = try row?.decode(Int.self, atIndex: 0) ?? 0
    bytes = Int(exactly: try row?.decode(Double.self, atIndex: 1) ?? 0) ?? 0
  }
}
