public import Foundation
import GRDB

/// The durable requests, and their answers: what lets a request outlive the server's death.
///
/// A request is accepted once it is on the disk. From then on, each start of the server finds it in
/// `pending` until `finish` or `abandon` takes it out. `finish` stores the answer in the same
/// transaction: there is no moment at which a kill leaves neither, or both. So a request may be
/// worked on twice (killed after the work and before `finish`), and is answered once.
///
/// All calls block on the disk, those that write on an fsync (milliseconds): not for the
/// cooperative pool. All may be made from any thread. Where one throws, nothing of it is done.
public final class RequestJournal: Sendable {
  struct Counts: Sendable {
    var pending = Tally(), answers = Tally()
  }

  let store: JournalStore<Counts>
  let limits: JournalLimits

  /// Opens `requests.sqlite` in the folder, and makes what is missing.
  ///
  /// Throws `.locked` where another server has it; `.corrupt` or `.newer` for a file that cannot be
  /// used, which is left as it is; `.full` or `.failed` where the disk does not let it.
  public init(folder: URL, limits: JournalLimits) throws(JournalError) {
    self.limits = limits
    store = try JournalStore(.requests, in: folder) { db in
      Counts(
        pending: try Tally(db, of: "pending"), answers: try Tally(db, of: "answer"))
    }
  }

  public var pendingCount: Int { store.counts.pending.count }
  /// Of the requests and the answers, as the limits count them.
  public var bytes: Int { store.counts.pending.bytes + store.counts.answers.bytes }
  /// Rows that were met and left out since their bytes were not those that had been written.
  public var damaged: Int { store.damaged }

  /// A durable request is on the disk (fsynced) once this returns.
  ///
  /// Accepting it again (same key and digest) does nothing. Throws `.full` past `pendingBytes`, or
  /// where the disk is full; `.failed` where the key is pending with another digest.
  public func accept(_ request: PendingRequest) throws(JournalError) {
    let (owner, id) = request.key.columns
    let cost = request.cost
    guard cost <= limits.pendingBytes, let frames = FrameCoding.encode(request.frames) else {
      throw JournalError(
        .full,
        "a durable request of \(cost) bytes is over what may wait (\(limits.pendingBytes) bytes)")
    }
    try store.change { db, counts in
      if let row = try Self.row(db, of: "pending", request.key) {
        guard row.digest == request.digest else {
          throw JournalError(
            .failed, "the request \(request.key.id) is pending with another content")
        }
        if row.frames != nil { return }
        // It is damaged, and here it comes again.
        try db.cachedStatement(sql: "UPDATE pending SET frames = ?, cost = ? WHERE position = ?")
          .execute(arguments: [frames, cost, row.position])
        counts.pending.remove(row.cost)
        counts.pending.add(cost)
        return
      }
      guard counts.pending.bytes + cost <= limits.pendingBytes else {
        throw JournalError(
          .full,
          "\(counts.pending.count) durable requests wait already; try again when some are done")
      }
      try db.cachedStatement(
        sql: """
          INSERT INTO pending (owner, id, request, digest, time, tries, cost, frames)
          VALUES (?, ?, ?, ?, ?, ?, ?, ?)
          """
      ).execute(arguments: [
        owner, id, Data(request.request.utf8), Data(request.digest),
        request.arrival.timeIntervalSinceReferenceDate, request.tries, cost, frames,
      ])
      counts.pending.add(cost)
    }
  }

  /// Counts one more try of a request before it is worked on, and returns the number: 1 for the
  /// first, 0 where it is not pending. A high one is a request that ends the server each time.
  public func begin(_ key: JournalKey) throws(JournalError) -> Int {
    let (owner, id) = key.columns
    return try store.change { db, _ in
      try db.cachedStatement(
        sql: "UPDATE pending SET tries = tries + 1 WHERE owner = ? AND id = ?"
      ).execute(arguments: [owner, id])
      return try Int.fetchOne(
        db.cachedStatement(sql: "SELECT tries FROM pending WHERE owner = ? AND id = ?"),
        arguments: [owner, id]) ?? 0
    }
  }

  /// Takes out a request that ended without an answer to keep: an error, cancelled. Does nothing
  /// where it is not pending.
  public func abandon(_ key: JournalKey) throws(JournalError) {
    try store.change { db, counts in
      try Self.removePending(db, key, &counts)
      try Self.removeOutgoing(db, key)
    }
  }

  /// In order of acceptance. Damaged ones are left out and counted; they stay until `abandon`.
  public func pending() throws(JournalError) -> [PendingRequest] {
    try store.read { db in
      let rows = try Row.fetchCursor(
        db.cachedStatement(
          sql: """
            SELECT owner, id, request, digest, time, tries, frames FROM pending
            ORDER BY position
            """))
      var requests: [PendingRequest] = []
      while let row = try rows.next() {
        guard let request = PendingRequest(row) else {
          store.noteDamage()
          continue
        }
        requests.append(request)
      }
      return requests
    }
  }

  /// Writes what is in the log into the file, and lets the folder go. Calls after it fail.
  public func close() { store.close() }

  /// - Returns: whether it was there.
  @discardableResult
  static func removePending(
    _ db: Database, _ key: JournalKey, _ counts: inout Counts
  ) throws -> Bool {
    let (owner, id) = key.columns
    guard
      let cost = try Int.fetchOne(
        db.cachedStatement(sql: "SELECT cost FROM pending WHERE owner = ? AND id = ?"),
        arguments: [owner, id])
    else { return false }
    try db.cachedStatement(sql: "DELETE FROM pending WHERE owner = ? AND id = ?")
      .execute(arguments: [owner, id])
    counts.pending.remove(cost)
    return true
  }
}

extension PendingRequest {
  /// nil where the row is damaged.
  fileprivate init?(_ row: Row) {
    guard let owner = try? row.decode(Data.self, atIndex: 0),
      let id = try? row.decode(Data.self, atIndex: 1),
      let request = try? row.decode(Data.self, atIndex: 2),
      let digest = try? row.decode(Data.self, atIndex: 3),
      let arrival = try? row.decode(Double.self, atIndex: 4),
      let tries = try? row.decode(Int.self, atIndex: 5),
      let blob = try? row.decode(Data.self, atIndex: 6), let frames = FrameCoding.decode(blob)
    else { return nil }
    self.init(
      key: JournalKey(
        owner: String(decoding: owner, as: UTF8.self), id: String(decoding: id, as: UTF8.self)),
      request: String(decoding: request, as: UTF8.self), digest: [UInt8](digest), frames: frames,
      arrival: Date(timeIntervalSinceReferenceDate: arrival), tries: tries)
  }
}
