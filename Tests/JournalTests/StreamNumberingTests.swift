import Dispatch
import Foundation
import Journal
import Synchronization
import Testing

/// `position` and `topicPosition`.
@Suite(.timeLimit(.minutes(1)))
struct StreamNumberingTests {
  let scratch: Scratch

  init() throws { scratch = try Scratch() }

  @Test(arguments: Place.allCases) func messagesAreCountedOverallAndByTopic(place: Place) throws {
    let journal = try place.open(scratch)
    #expect(journal.position == 0)
    let records = try ["a", "b", "a", "a.b", "a"].map { try journal.publish($0) }
    #expect(records.map(\.position) == [1, 2, 3, 4, 5])
    #expect(records.map(\.topicPosition) == [1, 1, 2, 1, 3])
    #expect(records[4].frames[0] == Array("5 3".utf8))
    #expect(try journal.all().messages == records)
    #expect(journal.position == 5)
  }

  /// Swift compares é with e and an accent as one, and GRDB ends a text at its first NUL.
  @Test(arguments: Place.allCases) func topicsAreTheirBytes(place: Place) throws {
    let journal = try place.open(scratch)
    let counts = try ["\u{e9}", "e\u{301}", "a\0b", "a\0c", "a"]
      .map { try journal.publish($0).topicPosition }
    #expect(counts == [1, 1, 1, 1, 1])
  }

  @Test func theLifeIsTheNumberings() throws {
    let first = try Place.disk.open(scratch)
    let life = first.life
    first.close()
    let again = try Place.disk.open(scratch)
    #expect(again.life == life && life > 0)
    again.close()
    let others = try (0..<3).map { _ in
      try StreamJournal(folder: nil, limits: JournalLimits()).life
    }
    #expect(Set(others + [life]).count == 4)
  }

  @Test func numbersGoOnOverRestarts() throws {
    var position = 0
    for round in 1...3 {
      let journal = try Place.disk.open(scratch)
      #expect(journal.position == position)
      #expect(try journal.publish("a").topicPosition == 2 * round - 1)
      #expect(try journal.publish("a").topicPosition == 2 * round)
      position += 2
      journal.close()
    }
  }

  @Test func numbersGoOnWhenNoMessageIsLeft() throws {
    let first = try Place.disk.open(scratch)
    for _ in 1...3 { try first.publish("a") }
    try first.removeExpired(now: .distantFuture)
    #expect(try first.all().messages.isEmpty && first.bytes == 0)
    first.close()
    let second = try Place.disk.open(scratch) { $0.streamBytes = 1 }
    // Nothing fits, so this one is numbered and not kept either.
    #expect(try second.publish("b").position == 4)
    second.close()
    let third = try Place.disk.open(scratch)
    #expect(third.position == 4)
    #expect(try third.publish("a").topicPosition == 4)
  }

  @Test func whatAKillLeavesHasAllNumbers() throws {
    let journal = try Place.disk.open(scratch)
    for _ in 1...5 { try journal.publish("a") }
    let copy = try StreamJournal(
      folder: scratch.copyAsKilled("stream"), limits: JournalLimits())
    #expect(try copy.all() == journal.all())
    #expect(try copy.publish("a").topicPosition == 6)
  }

  @Test(arguments: Place.allCases) func aMessageThatCannotBeMadeUsesNoNumber(place: Place) throws {
    struct Unmade: Error {}
    let journal = try place.open(scratch)
    try journal.publish("a")
    let failure = #expect(throws: JournalError.self) {
      try journal.append(topic: "a", time: date(0)) { _, _ in throw Unmade() }
    }
    #expect(failure?.code == .failed && failure?.cause is Unmade)
    let next = try journal.publish("a")
    #expect(next.position == 2 && next.topicPosition == 2)
  }

  @Test(arguments: Place.allCases) func aTopicOfAnyLengthIsAnAnswer(place: Place) throws {
    let journal = try place.open(scratch)
    let longest = String(repeating: "a", count: StreamJournal.longestTopic)
    try journal.publish(longest)
    #expect(throws: JournalError.self) { try journal.publish(longest + "a") }
    #expect(journal.position == 1)
  }

  /// Many more topics than are counted one by one, against a model.
  @Test(arguments: Place.allCases) func noCountGoesBack(place: Place) throws {
    var random = Seeded(state: 42)
    var journal = try place.open(scratch) { $0.topics = 16 }
    var last: [Int: Int] = [:]
    var skips = 0
    for step in 1...1500 {
      // Half of them of two topics, which are so never forgotten.
      let topic = Bool.random(using: &random) ? step % 2 : Int.random(in: 2..<60, using: &random)
      let count = try journal.publish("topic \(topic)").topicPosition
      let previous = last.updateValue(count, forKey: topic) ?? 0
      #expect(count > previous)
      if topic < 2 { #expect(count == previous + 1) }
      if previous > 0 && count > previous + 1 { skips += 1 }
      if place == .disk && step % 400 == 0 {
        journal.close()
        journal = try place.open(scratch) { $0.topics = 16 }
      }
    }
    #expect(skips > 0)
  }

  @Test(arguments: Place.allCases) func aForgottenTopicMakesRoom(place: Place) throws {
    let journal = try place.open(scratch) { $0.topics = 4 }
    try journal.publish("kept")
    for step in 1...50 {
      try journal.publish("progress.\(step)")
      try journal.publish("progress.\(step)")
      try journal.forget(topic: "progress.\(step)")
    }
    try journal.forget(topic: "never seen")
    #expect(try journal.publish("kept").topicPosition == 2)
    // Nothing had to be forgotten for want of room: a new topic starts at 1.
    #expect(try journal.publish("new").topicPosition == 1)
  }

  @Test(arguments: Place.allCases) func threadsShareOneCount(place: Place) throws {
    let journal = try place.open(scratch)
    let records = Mutex<[StreamRecord]>([])
    DispatchQueue.concurrentPerform(iterations: 4) { thread in
      for _ in 1...50 {
        guard let record = try? journal.publish("topic \(thread % 2)") else { continue }
        records.withLock { $0.append(record) }
        _ = try? journal.replay(from: record.position - 1, topics: nil, limit: 1, bytes: 1)
      }
    }
    let sorted = records.withLock { $0 }.sorted { $0.position < $1.position }
    #expect(sorted.map(\.position) == Array(1...200))
    #expect(try journal.all().messages == sorted)
    for topic in ["topic 0", "topic 1"] {
      let counts = sorted.filter { $0.topic == topic }.map(\.topicPosition)
      #expect(counts == Array(1...100))
    }
  }

  /// Whoever is late gets an error, whatever the journal is in the midst of.
  @Test(arguments: Place.allCases, Late.allCases)
  func closingMayComeAtAnyTime(place: Place, late: Late) throws {
    for round in 1...40 {
      let journal = try place.open(scratch)
      let codes = Mutex<[JournalError.Code]>([])
      DispatchQueue.concurrentPerform(iterations: 4) { thread in
        for step in 1...20 {
          if thread == 0 && step == 1 + round % 20 { journal.close() }
          if let failure = code({ () throws(JournalError) in try late.call(journal) }) {
            codes.withLock { $0.append(failure) }
          }
        }
      }
      let failures = codes.withLock { $0 }
      #expect(failures.count >= 20 - round % 20 && failures.allSatisfy { $0 == .failed })
    }
  }
}

/// What the journal is in the midst of.
enum Late: CaseIterable {
  case appending, replaying, tidying

  func call(_ journal: StreamJournal) throws(JournalError) {
    switch self {
    case .appending: _ = try journal.append(topic: "a", time: date(0)) { _, _ in [[1]] }
    case .replaying: _ = try journal.replay(from: 0, topics: nil, limit: 9, bytes: 99)
    case .tidying: try journal.removeExpired(now: date(0))
    }
  }
}
