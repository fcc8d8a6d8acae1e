import Foundation
import GRDB
import Glibc

/// One of the journal's two databases: its name, what is in it, how safely it is written.
struct JournalSchema: Sendable {
  enum Synchronous: String, Sendable {
    /// A commit is on the disk when it returns: it survives a power cut.
    case full = "FULL"
    /// A commit is with the kernel when it returns: it survives the process, and a power cut takes
    /// the last moments at most, never the file.
    case normal = "NORMAL"
  }

  var name: String
  var synchronous: Synchronous
  /// Pages of 4 KiB in the write-ahead log after which a commit moves them into the file itself, and
  /// waits for the disk, if `JournalStore.tidy` has not done so before.
  var checkpoint: Int
  var migrator: DatabaseMigrator

  func path(in folder: URL, _ suffix: String = "sqlite") -> String {
    folder.appending(path: "\(name).\(suffix)", directoryHint: .notDirectory)
      .path(percentEncoded: false)
  }

  /// The connections to one database.
  struct Connections: Sendable {
    var main: any DatabaseWriter
    /// Moves the log into the file while `main` writes on. nil: in memory.
    var mover: DatabaseQueue?
  }

  /// Opens the database, makes it where there is none, brings it up to date. nil: in memory.
  func open(in folder: URL?) throws -> Connections {
    guard let folder else {
      let memory = try DatabaseQueue(configuration: configuration)
      try migrator.migrate(memory)
      return Connections(main: memory)
    }
    let path = path(in: folder)
    try refuseNewer(path)
    try create(path, in: folder)
    // A pool, not a queue: a long replay must not make those who append wait.
    let pool = try DatabasePool(path: path, configuration: configuration)
    try pool.writeWithoutTransaction { db in
      // After opening, since GRDB sets NORMAL together with WAL.
      try db.execute(
        sql: """
          PRAGMA synchronous = \(synchronous.rawValue);
          PRAGMA wal_autocheckpoint = \(checkpoint);
          PRAGMA journal_size_limit = \(checkpoint * 4096);
          """)
    }
    try migrator.migrate(pool)
    return Connections(
      main: pool, mover: try DatabaseQueue(path: path, configuration: configuration))
  }

  private var configuration: Configuration {
    var configuration = Configuration()
    configuration.label = "segsam.journal.\(name)"
    configuration.maximumReaderCount = 2
    // Nobody else writes, but someone may look into the file with sqlite3.
    configuration.busyMode = .timeout(2)
    configuration.prepareDatabase { db in
      guard !db.configuration.readonly else { return }
      // FAST: Debian's SQLite otherwise writes zeros over each page that is freed, as much again
      // as was written. INCREMENTAL counts only before the first table, that is, now or never.
      try db.execute(sql: "PRAGMA auto_vacuum = INCREMENTAL; PRAGMA secure_delete = FAST")
    }
    return configuration
  }

  /// Before anything writes: a connection that could would turn on WAL, or copy it into the file.
  private func refuseNewer(_ path: String) throws {
    guard let size = try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int,
      size > 0
    else { return }
    var configuration = Configuration()
    configuration.readonly = true
    let file = try DatabaseQueue(path: path, configuration: configuration)
    defer { try? file.close() }
    let applied = try file.read { try migrator.appliedIdentifiers($0) }
    let unknown = applied.subtracting(migrator.migrations)
    guard unknown.isEmpty else {
      throw JournalError(
        .newer,
        """
        \(path) is of a newer version (\(unknown.sorted().joined(separator: ", "))) than this \
        server knows; use that version, or another folder
        """)
    }
  }

  /// SQLite would give a new file the mode 0644; its -wal and -shm take after the file. Only while
  /// the folder is locked: closing a file drops SQLite's own locks on it.
  private func create(_ path: String, in folder: URL) throws(JournalError) {
    guard access(path, F_OK) != 0 else { return }
    let file = Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard file >= 0 else {
      throw JournalError(.failed, "\(path): \(String(cString: strerror(errno)))")
    }
    close(file)
    JournalFolder.synchronize(folder)
  }
}
