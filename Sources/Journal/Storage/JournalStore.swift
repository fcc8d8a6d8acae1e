import Foundation
import GRDB
import Synchronization

/// An open database of the journal, with what is counted about it.
///
/// `Counts` live in memory and change with the transaction that changes the rows, or not at all, so
/// that limits and numbers cost no query. They are read from the database once, when it is opened.
final class JournalStore<Counts: Sendable>: Sendable {
  /// nil: in memory.
  let path: String?
  private let connections: JournalSchema.Connections
  private let lock: Mutex<FolderLock?>
  private let counted: Mutex<Counts>
  private let damagedRows = Atomic(0)
  private let isOpen = Mutex(true)
  /// Calls that found it open. None may be left when it closes: GRDB's `read` asks the connection
  /// about its transaction before the call gets its turn, and SQLite crashes where there is none.
  private let calls = DispatchGroup()

  init(
    _ schema: JournalSchema, in folder: URL?, count: (Database) throws -> Counts
  ) throws(JournalError) {
    let folder = try folder.map { (folder) throws(JournalError) in
      try JournalFolder.prepare(folder)
    }
    path = folder.map { schema.path(in: $0) }
    if let folder {
      lock = Mutex(try FolderLock(path: schema.path(in: folder, "lock")))
    } else {
      lock = Mutex(nil)
    }
    do {
      connections = try schema.open(in: folder)
      counted = Mutex(try connections.main.read(count))
    } catch {
      throw JournalError(error, at: path)
    }
  }

  deinit { close() }

  var counts: Counts { counted.withLock { $0 } }
  /// Rows that were met and were not as they had been written.
  var damaged: Int { damagedRows.load(ordering: .relaxed) }

  func noteDamage() { damagedRows.add(1, ordering: .relaxed) }

  /// One transaction: it and the counts change together when `body` returns, and not at all where
  /// it throws. `body` runs alone, and must not call the store.
  func change<Value>(
    _ body: (Database, inout Counts) throws -> Value
  ) throws(JournalError) -> Value {
    try write { db in
      var counts = self.counts
      var outcome: Result<Value, any Error> = .failure(CancellationError())
      try db.inTransaction(.immediate) {
        outcome = .success(try body(db, &counts))
        return .commit
      }
      // Still in the database's queue: the next transaction finds them.
      counted.withLock { $0 = counts }
      return try outcome.get()
    }
  }

  /// Of one moment of the database. Writers do not wait for it, except in memory.
  func read<Value>(_ body: (Database) throws -> Value) throws(JournalError) -> Value {
    try run {
      try connections.main.read(body)
    }
  }

  /// Care that is best taken now and then: shrinks the file where over a quarter of it is unused (by
  /// at most 16 MiB a call, since writers wait), and moves the log into it beside the writers, who
  /// would otherwise have to.
  func tidy() throws(JournalError) {
    try write { db in
      let free = try Int.fetchOne(db, sql: "PRAGMA freelist_count") ?? 0
      let all = try Int.fetchOne(db, sql: "PRAGMA page_count") ?? 0
      guard free > 256, free > all / 4 else { return }
      try db.execute(sql: "PRAGMA incremental_vacuum(\(min(free - all / 8, 4096)))")
    }
    // A failure (a writer does the same just now) leaves the log, for the next time.
    try run {
      _ = try? connections.mover?.writeWithoutTransaction { db in try db.checkpoint(.passive) }
    }
  }

  /// Ends it, after the calls that are under way: what comes after fails with `.failed`. The lock
  /// goes last.
  func close() {
    guard isOpen.withLock({ exchange(&$0, with: false) }) else { return }
    calls.wait()
    // The writer last: it moves the log into the file, which readers cannot. A failure leaves the
    // log beside it, where the next start finds it.
    try? connections.mover?.close()
    (connections.main as? DatabasePool)?.releaseMemory()
    try? connections.main.close()
    lock.withLock { $0 = nil }
  }

  /// For tests: lets the file grow by so many pages and no more (nil: without limit). To SQLite,
  /// that is a full disk.
  func limitGrowth(toPages pages: Int?) throws(JournalError) {
    try write { db in
      let now = try Int.fetchOne(db, sql: "PRAGMA page_count") ?? 0
      let limit = pages.map { now + $0 } ?? 1_073_741_823
      _ = try Int.fetchOne(db, sql: "PRAGMA max_page_count = \(limit)")
    }
  }

  private func write<Value>(_ body: (Database) throws -> Value) throws(JournalError) -> Value {
    try run {
      try connections.main.writeWithoutTransaction(body)
    }
  }

  private func run<Value>(_ body: () throws -> Value) throws(JournalError) -> Value {
    let entered = isOpen.withLock { isOpen in
      if isOpen { calls.enter() }
      return isOpen
    }
    guard entered else {
      throw JournalError(.failed, "\(path ?? "the journal in memory") is closed")
    }
    defer { calls.leave() }
    do { return try body() } catch { throw JournalError(error, at: path) }
  }
}
