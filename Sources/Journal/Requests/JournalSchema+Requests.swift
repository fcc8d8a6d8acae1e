import GRDB

extension JournalSchema {
  /// Answers come by key, and go by position: the order in which they were stored. Frames are the
  /// last column, so that nothing else reads over them.
  static let requests = JournalSchema(
    name: "requests", synchronous: .full, checkpoint: 4096, migrator: requestsMigrator)

  private static var requestsMigrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("requests 1") { db in
      try db.execute(
        sql: """
          CREATE TABLE pending (
            position INTEGER PRIMARY KEY,
            owner BLOB NOT NULL,
            id BLOB NOT NULL,
            request BLOB NOT NULL,
            digest BLOB NOT NULL,
            -- of arrival, in seconds since 2001-01-01T00:00:00Z
            time REAL NOT NULL,
            tries INTEGER NOT NULL,
            cost INTEGER NOT NULL,
            frames BLOB NOT NULL,
            UNIQUE (owner, id)
          );
          CREATE TABLE answer (
            position INTEGER PRIMARY KEY,
            owner BLOB NOT NULL,
            id BLOB NOT NULL,
            digest BLOB NOT NULL,
            time REAL NOT NULL,
            cost INTEGER NOT NULL,
            frames BLOB NOT NULL,
            UNIQUE (owner, id)
          );
          """)
    }
    migrator.registerMigration("requests 2") { db in
      try db.execute(
        sql: """
          CREATE TABLE outgoing (
            position INTEGER PRIMARY KEY,
            owner BLOB NOT NULL,
            id BLOB NOT NULL,
            request BLOB NOT NULL,
            frames BLOB NOT NULL
          );
          CREATE INDEX outgoing_key ON outgoing (owner, id);
          """)
    }
    return migrator
  }
}
