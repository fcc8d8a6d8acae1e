public import Foundation
import GRDB

/// The published stream: it gives each message its numbers and keeps it for `stream.replay`.
///
/// A number that `append` returned is never given again, after a restart or a kill either: it is
/// with the kernel by then. A power cut can take the last moments, numbers included (the file is
/// written without waiting for the disk, since each message would otherwise cost an fsync).
///
/// What is kept is the end of the stream, without holes. Past the limits the oldest messages go,
/// an eighth of the limit at a time (and no more than 4 MiB or 256 messages), so that `append`
/// seldom pays for it.
///
/// In memory (`folder` nil) all is the same and ends with the process. All calls block; all may be
/// made from any thread. Where one throws, nothing of it is done and no number is used up.
public final class StreamJournal: Sendable {
  let store: JournalStore<StreamCounts>
  let limits: JournalLimits

  /// Of a topic, in bytes; those of the protocol take less than half of it.
  public static let longestTopic = 1024

  /// Opens `stream.sqlite` in the folder, and makes what is missing. nil: in memory.
  ///
  /// Throws `.locked` where another server has it; `.corrupt` or `.newer` for a file that cannot be
  /// used, which is left as it is; `.full` or `.failed` where the disk does not let it.
  public init(folder: URL?, limits: JournalLimits) throws(JournalError) {
    self.limits = limits
    store = try JournalStore(.stream, in: folder) { db in try StreamCounts(db) }
  }

  /// Of the last message; 0 before the first.
  public var position: Int { store.counts.position }
  /// Of the numbering: the same over restarts, another in a new folder, and each time in memory.
  public var life: Int { store.counts.life }
  /// Of what is kept, as the limits count it.
  public var bytes: Int { store.counts.kept.bytes }
  /// Rows that were met and left out since their bytes were not those that had been written.
  public var damaged: Int { store.damaged }

  /// Numbers a message and keeps it.
  ///
  /// `make` gets the numbers and makes the frames, header and tensors. It runs within the
  /// transaction: it must be quick, and must not call the journal. What it throws comes out as the
  /// cause of a `.failed`, and the numbers go to the next message. A message alone over the limits
  /// gets its numbers and is not kept.
  ///
  /// Messages of several threads are numbered one after another, but return in any order: who
  /// sends them holds a lock over both.
  public func append(
    topic: String, time: Date,
    make: (_ position: Int, _ topicPosition: Int) throws -> [[UInt8]]
  ) throws(JournalError) -> StreamRecord {
    let name = Data(topic.utf8)
    guard name.count <= Self.longestTopic else {
      throw JournalError(
        .failed, "a topic of \(name.count) bytes is over the \(Self.longestTopic) of the journal")
    }
    return try store.change { db, counts in
      counts.position += 1
      let count = try counts.count(name, db, capacity: limits.topics)
      let record = StreamRecord(
        position: counts.position, topicPosition: count, topic: topic,
        frames: try make(counts.position, count), time: time)
      try keep(record, under: name, db, &counts)
      return record
    }
  }

  /// A topic that does not come again. If it does, it counts on from the topics that were forgotten
  /// for want of room, not from itself.
  public func forget(topic: String) throws(JournalError) {
    try store.change { db, counts in
      try db.cachedStatement(sql: "DELETE FROM topic WHERE name = ?")
        .execute(arguments: [Data(topic.utf8)])
      counts.topics -= db.changesCount
    }
  }

  /// Writes what is in the log into the file, and lets the folder go. Calls after it fail.
  public func close() { store.close() }
}
