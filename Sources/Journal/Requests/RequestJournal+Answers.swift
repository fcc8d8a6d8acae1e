public import Foundation
import GRDB

extension RequestJournal {
  /// In one transaction: stores the answer and what it is to publish, which stays until `published`,
  /// and takes the request out of pending.
  ///
  /// An answer that is there already (same key and digest) stays as the client may have got it, so
  /// that a second call changes nothing. One alone over `answerBytes` is not kept. Past the limits
  /// the oldest answers go.
  public func finish(
    _ key: JournalKey, answer: JournalAnswer, outgoing: Outgoing? = nil
  ) throws(JournalError) {
    let (owner, id) = key.columns
    let cost = answer.cost(under: key)
    let isKept = cost <= limits.answerBytes && limits.answers > 0
    let frames = isKept ? FrameCoding.encode(answer.frames) : nil
    try store.change { db, counts in
      // A second call changes nothing.
      if try Self.removePending(db, key, &counts), let outgoing { try Self.insert(outgoing, db) }
      if let row = try Self.row(db, of: "answer", key) {
        if row.digest == answer.digest && row.frames != nil { return }
        try db.cachedStatement(sql: "DELETE FROM answer WHERE position = ?")
          .execute(arguments: [row.position])
        counts.answers.remove(row.cost)
      }
      guard let frames else { return }
      try db.cachedStatement(
        sql: """
          INSERT INTO answer (owner, id, digest, time, cost, frames) VALUES (?, ?, ?, ?, ?, ?)
          """
      ).execute(arguments: [
        owner, id, Data(answer.digest), answer.time.timeIntervalSinceReferenceDate, cost, frames,
      ])
      counts.answers.add(cost)
      _ = try Self.answers.remove(db, from: &counts.answers) { kept, _ in !kept.fits(mostAnswers) }
    }
  }

  /// nil where there is none, or it is damaged (counted).
  public func answer(for key: JournalKey) throws(JournalError) -> JournalAnswer? {
    try store.read { db in
      guard let row = try Self.row(db, of: "answer", key) else { return nil }
      guard let frames = row.frames else {
        store.noteDamage()
        return nil
      }
      return JournalAnswer(
        digest: row.digest, frames: frames,
        time: Date(timeIntervalSinceReferenceDate: row.time))
    }
  }

  /// Removes answers past the limits of age, number and bytes, in the order in which they were
  /// stored: one dated in the future (the clock was set back) holds those behind it, until number or
  /// bytes move it. Other calls get their turn meanwhile. Pending requests do not age.
  public func removeExpired(now: Date) throws(JournalError) {
    let oldest = (now - limits.answerAge).timeIntervalSinceReferenceDate
    var isCut = true
    while isCut {
      isCut = try store.change { db, counts in
        try Self.answers.remove(db, from: &counts.answers, limit: OldestRows.batch) { kept, time in
          time <= oldest || !kept.fits(mostAnswers)
        }.isCut
      }
    }
    try store.tidy()
  }

  private static let answers = OldestRows(table: "answer")

  private var mostAnswers: Tally { Tally(count: limits.answers, bytes: limits.answerBytes) }

  struct HeldRow {
    var position: Int, cost: Int
    var time: Double
    var digest: [UInt8]
    /// nil: damaged.
    var frames: [[UInt8]]?
  }

  static func row(_ db: Database, of table: StaticString, _ key: JournalKey) throws -> HeldRow? {
    let (owner, id) = key.columns
    guard
      let row = try Row.fetchOne(
        db.cachedStatement(
          sql: """
            SELECT position, cost, time, digest, frames FROM \(table) WHERE owner = ? AND id = ?
            """),
        arguments: [owner, id])
    else { return nil }
    return HeldRow(
      position: try row.decode(Int.self, atIndex: 0), cost: try row.decode(Int.self, atIndex: 1),
      time: try row.decode(Double.self, atIndex: 2),
      digest: [UInt8](try row.decode(Data.self, atIndex: 3)),
      frames: FrameCoding.decode(try row.decode(Data.self, atIndex: 4)))
  }
}
