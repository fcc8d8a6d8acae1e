import Foundation
import Testing

@testable import Journal

/// A disk that is full, as SQLite sees it, and then is not.
@Suite(.timeLimit(.minutes(1)))
struct DiskFullTests {
  let scratch: Scratch

  init() throws { scratch = try Scratch() }

  @Test func requestsAreRefusedUntilThereIsRoom() throws {
    let journal = try RequestJournal(folder: scratch.folder(), limits: JournalLimits())
    let large = PendingRequest.test("2", bytes: 200_000)
    try journal.accept(.test("1"))
    try journal.accept(.test("3"))
    try journal.finish(.test("3"), answer: .test("done"))
    try journal.store.limitGrowth(toPages: 0)
    let bytes = journal.bytes
    for _ in 1...3 {
      #expect(code { () throws(JournalError) in try journal.accept(large) } == .full)
    }
    #expect(try journal.pending() == [.test("1")])
    #expect(try journal.answer(for: .test("3")) == .test("done"))
    #expect(journal.bytes == bytes && journal.pendingCount == 1)
    // An answer that finds no room leaves its request pending.
    let answer = JournalAnswer(digest: [1], frames: large.frames, time: date(0))
    #expect(
      code { () throws(JournalError) in try journal.finish(.test("1"), answer: answer) } == .full)
    #expect(try journal.pending() == [.test("1")])

    try journal.store.limitGrowth(toPages: nil)
    try journal.accept(large)
    try journal.finish(.test("1"), answer: answer)
    #expect(try journal.pending() == [large])
    #expect(try journal.answer(for: .test("1")) == answer)
  }

  @Test(arguments: Place.allCases) func noNumberIsUsedUp(place: Place) throws {
    let journal = try place.open(scratch)
    let frames = [[UInt8](repeating: 7, count: 200_000)]
    _ = try journal.append(topic: "a", time: date(0)) { _, _ in frames }
    try journal.store.limitGrowth(toPages: 0)
    let bytes = journal.bytes
    for _ in 1...3 {
      let refusal = code { () throws(JournalError) in
        try journal.append(topic: "a", time: date(0)) { _, _ in frames }
      }
      #expect(refusal == .full)
    }
    #expect(journal.position == 1 && journal.bytes == bytes)
    try journal.store.limitGrowth(toPages: nil)
    let next = try journal.append(topic: "a", time: date(0)) { _, _ in frames }
    #expect(next.position == 2 && next.topicPosition == 2)
    let replay = try journal.replay(from: 0, topics: nil, limit: 9, bytes: .max)
    #expect(replay.messages.map(\.frames) == [frames, frames])
  }
}
