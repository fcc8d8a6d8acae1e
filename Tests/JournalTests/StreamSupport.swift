import Foundation
import Journal

/// Where a stream is kept: it must not matter.
enum Place: CaseIterable, Sendable {
  case disk, memory

  func open(_ scratch: Scratch, _ change: (inout JournalLimits) -> Void = { _ in }) throws
    -> StreamJournal
  {
    var limits = JournalLimits()
    change(&limits)
    return try StreamJournal(folder: self == .disk ? scratch.folder() : nil, limits: limits)
  }
}

extension StreamJournal {
  @discardableResult func publish(
    _ topic: String, bytes: Int = 8, at seconds: Double = 0
  ) throws -> StreamRecord {
    try append(topic: topic, time: date(seconds)) { position, count in
      [Array("\(position) \(count)".utf8), [UInt8](repeating: 7, count: bytes)]
    }
  }

  func all(_ topics: [String]? = nil) throws -> Replay {
    try replay(from: 0, topics: topics, limit: .max, bytes: .max)
  }
}
