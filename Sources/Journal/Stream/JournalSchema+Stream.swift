import GRDB

extension JournalSchema {
  /// Messages come and go by position alone, so that one more costs no index; a topic is looked for
  /// by a scan, which reads over no frames.
  static let stream = JournalSchema(
    name: "stream", synchronous: .normal, checkpoint: 4096, migrator: streamMigrator)

  private static var streamMigrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("stream 1") { db in
      try db.execute(
        sql: """
          CREATE TABLE message (
            position INTEGER PRIMARY KEY,
            topic BLOB NOT NULL,
            topic_position INTEGER NOT NULL,
            -- in seconds since 2001-01-01T00:00:00Z
            time REAL NOT NULL,
            cost INTEGER NOT NULL,
            frames BLOB NOT NULL
          );
          CREATE TABLE topic (
            name BLOB PRIMARY KEY NOT NULL,
            count INTEGER NOT NULL,
            -- the position of its last message
            used INTEGER NOT NULL
          ) WITHOUT ROWID;
          CREATE TABLE counter (
            name TEXT PRIMARY KEY NOT NULL,
            value INTEGER NOT NULL
          ) WITHOUT ROWID;
          """)
    }
    // A number for this stream, at random: another file's positions are not this one's.
    migrator.registerMigration("stream 2") { db in
      try db.execute(
        sql: "INSERT OR IGNORE INTO counter (name, value) VALUES ('life', abs(random() >> 11))")
    }
    return migrator
  }
}
