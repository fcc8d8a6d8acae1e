import Foundation
import Glibc
import Journal
import Testing

/// Restarts and kills.
@Suite(.timeLimit(.minutes(1)))
struct SurvivalTests {
  let scratch: Scratch

  init() throws { scratch = try Scratch() }

  func requests(in folder: URL) throws -> RequestJournal {
    try RequestJournal(folder: folder, limits: JournalLimits())
  }

  static func fill(_ journal: RequestJournal) throws {
    for id in ["1", "2", "3", "4"] { try journal.accept(.test(id, bytes: 20_000)) }
    _ = try journal.begin(.test("2"))
    try journal.finish(.test("1"), answer: .test("done"))
    try journal.abandon(.test("3"))
  }

  static func expectFilled(_ journal: RequestJournal) throws {
    var begun = PendingRequest.test("2", bytes: 20_000)
    begun.tries = 1
    #expect(try journal.pending() == [begun, .test("4", bytes: 20_000)])
    #expect(try journal.answer(for: .test("1")) == .test("done"))
  }

  @Test func aRestartFindsAll() throws {
    let first = try requests(in: scratch.folder())
    try Self.fill(first)
    first.close()
    let second = try requests(in: scratch.folder())
    try Self.expectFilled(second)
    #expect(second.bytes == first.bytes && second.pendingCount == 2)
  }

  @Test func whatAKillLeavesHasAll() throws {
    let journal = try requests(in: scratch.folder())
    try Self.fill(journal)
    let copy = try scratch.copyAsKilled("requests")
    try Self.expectFilled(try requests(in: copy))
  }

  /// A log that was cut off within its last commit is that log without it: a request that was not
  /// accepted, but no half of one, and no answer without its request's end.
  @Test(arguments: [1, 3000, 25_000]) func aTornLogHasWholeCommitsOnly(bytes: Int) throws {
    let journal = try requests(in: scratch.folder())
    try journal.accept(.test("1"))
    try journal.finish(.test("1"), answer: .test("done"))
    try journal.accept(.test("2", bytes: 40_000))
    let copy = try scratch.copyAsKilled("requests")
    let log = copy.appending(path: "requests.sqlite-wal", directoryHint: .notDirectory)
    let whole = try Data(contentsOf: log)
    try whole.dropLast(bytes).write(to: log)
    let torn = try requests(in: copy)
    #expect(try torn.pending().isEmpty)
    #expect(try torn.answer(for: .test("1")) == .test("done"))
    try torn.accept(.test("2", bytes: 40_000))
    #expect(torn.pendingCount == 1)
  }

  @Test func aKilledProcessLeavesAll() async throws {
    let folder = scratch.folder()
    await #expect(processExitsWith: .signal(SIGKILL)) { [folder = folder as URL] in
      let journal = try RequestJournal(folder: folder, limits: JournalLimits())
      try SurvivalTests.fill(journal)
      let stream = try StreamJournal(folder: folder, limits: JournalLimits())
      for _ in 1...3 { _ = try stream.append(topic: "a", time: date(0)) { _, _ in [[1]] } }
      kill(getpid(), SIGKILL)
    }
    try Self.expectFilled(try requests(in: folder))
    let stream = try StreamJournal(folder: folder, limits: JournalLimits())
    let next = try stream.append(topic: "a", time: date(0)) { _, _ in [[1]] }
    #expect(next.position == 4 && next.topicPosition == 4)
  }
}
