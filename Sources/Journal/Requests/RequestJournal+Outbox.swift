import Foundation
import GRDB

/// What an answer is to publish, kept with it until it is in the stream's journal.
public struct Outgoing: Sendable, Hashable {
  public var key: JournalKey
  /// The server's own id of the request.
  public var request: String
  /// In order; each with its topic, header and tensors.
  public var messages: [[[UInt8]]]

  public init(key: JournalKey, request: String, messages: [[[UInt8]]]) {
    self.key = key
    self.request = request
    self.messages = messages
  }
}

extension RequestJournal {
  /// What a killed server has left: answered, and not for certain published. In the order of the
  /// answers; damaged messages are left out and counted.
  public func outgoing() throws(JournalError) -> [Outgoing] {
    try store.read { db in
      let rows = try Row.fetchCursor(
        db.cachedStatement(
          sql: "SELECT owner, id, request, frames FROM outgoing ORDER BY position"))
      var all: [Outgoing] = []
      while let row = try rows.next() {
        let key = JournalKey(
          owner: String(decoding: try row.decode(Data.self, atIndex: 0), as: UTF8.self),
          id: String(decoding: try row.decode(Data.self, atIndex: 1), as: UTF8.self))
        let request = String(decoding: try row.decode(Data.self, atIndex: 2), as: UTF8.self)
        guard let frames = FrameCoding.decode(try row.decode(Data.self, atIndex: 3)) else {
          store.noteDamage()
          continue
        }
        if all.last?.request != request {
          all.append(Outgoing(key: key, request: request, messages: []))
        }
        all[all.count - 1].messages.append(frames)
      }
      return all
    }
  }

  /// It is in the stream's journal now.
  public func published(_ key: JournalKey) throws(JournalError) {
    try store.change { db, _ in try Self.removeOutgoing(db, key) }
  }

  static func removeOutgoing(_ db: Database, _ key: JournalKey) throws {
    let (owner, id) = key.columns
    try db.cachedStatement(sql: "DELETE FROM outgoing WHERE owner = ? AND id = ?")
      .execute(arguments: [owner, id])
  }

  static func insert(_ outgoing: Outgoing, _ db: Database) throws {
    let (owner, id) = outgoing.key.columns
    for message in outgoing.messages {
      // One that no row can hold is published once or not at all.
      guard let frames = FrameCoding.encode(message) else { continue }
      try db.cachedStatement(
        sql: "INSERT INTO outgoing (owner, id, request, frames) VALUES (?, ?, ?, ?)"
      ).execute(arguments: [owner, id, Data(outgoing.request.utf8), frames])
    }
  }
}
