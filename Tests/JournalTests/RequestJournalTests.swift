import Foundation
import Journal
import Testing

/// From acceptance to the answer.
@Suite(.timeLimit(.minutes(1)))
struct RequestJournalTests {
  let scratch: Scratch
  let journal: RequestJournal

  init() throws {
    scratch = try Scratch()
    journal = try RequestJournal(folder: scratch.folder(), limits: JournalLimits())
  }

  @Test func pendingRequestsComeInTheOrderOfAcceptance() throws {
    let requests = ["c", "a", "b"].enumerated()
      .map { PendingRequest.test($1, arrival: -Double($0)) }
    for request in requests { try journal.accept(request) }
    #expect(try journal.pending() == requests)
    #expect(journal.pendingCount == 3)
  }

  @Test func whatAnAnswerPublishesStaysUntilItIsPublished() throws {
    let messages = [[Array("result.s.liver".utf8), [1], []], [Array("report.s".utf8), [2]]]
    func outgoing(_ id: String) -> Outgoing {
      Outgoing(key: .test(id), request: "server-\(id)", messages: messages)
    }
    for id in ["1", "2", "3"] {
      try journal.accept(.test(id))
      try journal.finish(.test(id), answer: .test(id), outgoing: outgoing(id))
      // A second call changes nothing.
      try journal.finish(.test(id), answer: .test(id), outgoing: outgoing(id))
    }
    #expect(try journal.outgoing() == ["1", "2", "3"].map(outgoing))
    try journal.published(.test("1"))
    try journal.abandon(.test("3"))
    journal.close()
    let later = try RequestJournal(folder: scratch.folder(), limits: JournalLimits())
    #expect(try later.outgoing() == [outgoing("2")])
    later.close()
  }

  @Test func anIdBelongsToItsClient() throws {
    var others = PendingRequest.test("1", digest: [9])
    others.key.owner = "client b"
    try journal.accept(.test("1"))
    try journal.accept(others)
    try journal.finish(others.key, answer: .test("b"))
    #expect(try journal.pending() == [.test("1")])
    #expect(try journal.answer(for: .test("1")) == nil)
  }

  /// GRDB would end a text at its first NUL, and Swift compares é with e and an accent as one.
  @Test(arguments: [("a\0b", "a\0c"), ("\u{e9}", "e\u{301}")])
  func keysAreTheirBytes(one: String, other: String) throws {
    try journal.accept(.test(one))
    try journal.accept(.test(other, digest: [9]))
    #expect(
      try journal.pending().map { Array($0.key.id.utf8) } == [one, other].map { Array($0.utf8) })
  }

  @Test func acceptingAgainDoesNothing() throws {
    try journal.accept(.test("1"))
    _ = try journal.begin(.test("1"))
    let bytes = journal.bytes
    try journal.accept(.test("1", bytes: 99))
    var begun = PendingRequest.test("1")
    begun.tries = 1
    #expect(try journal.pending() == [begun])
    #expect(journal.bytes == bytes && journal.pendingCount == 1)
  }

  @Test func anIdPendingWithAnotherContentIsRefused() throws {
    try journal.accept(.test("1"))
    #expect(
      code { () throws(JournalError) in try journal.accept(.test("1", digest: [4])) } == .failed)
    #expect(try journal.pending() == [.test("1")])
  }

  @Test func triesAreCounted() throws {
    try journal.accept(.test("1"))
    #expect(try journal.begin(.test("1")) == 1)
    #expect(try journal.begin(.test("1")) == 2)
    #expect(try journal.begin(.test("2")) == 0)
    #expect(try journal.pending().map(\.tries) == [2])
  }

  @Test func finishStoresTheAnswerAndEndsTheRequest() throws {
    try journal.accept(.test("1"))
    try journal.accept(.test("2"))
    try journal.finish(.test("1"), answer: .test("done"))
    #expect(try journal.pending() == [.test("2")])
    #expect(try journal.answer(for: .test("1")) == .test("done"))
    #expect(try journal.answer(for: .test("2")) == nil)
  }

  @Test func theFirstAnswerStays() throws {
    try journal.accept(.test("1"))
    try journal.finish(.test("1"), answer: .test("first"))
    let bytes = journal.bytes
    try journal.finish(.test("1"), answer: .test("second", at: 5))
    #expect(try journal.answer(for: .test("1")) == .test("first"))
    #expect(journal.bytes == bytes)
    // Only an id that was forgotten and used again can have another content.
    try journal.finish(.test("1"), answer: .test("other", digest: [4]))
    #expect(try journal.answer(for: .test("1")) == .test("other", digest: [4]))
  }

  @Test func abandonedRequestsLeaveNothing() throws {
    try journal.accept(.test("1"))
    try journal.abandon(.test("1"))
    try journal.abandon(.test("1"))
    #expect(try journal.pending().isEmpty)
    #expect(try journal.answer(for: .test("1")) == nil)
    #expect(journal.bytes == 0 && journal.pendingCount == 0)
    try journal.accept(.test("1", digest: [4]))
    #expect(journal.pendingCount == 1)
  }

  @Test func aClosedJournalFails() throws {
    try journal.accept(.test("1"))
    journal.close()
    journal.close()
    #expect(code { () throws(JournalError) in try journal.accept(.test("2")) } == .failed)
    #expect(code { () throws(JournalError) in try journal.pending() } == .failed)
    #expect(code { () throws(JournalError) in try journal.removeExpired(now: date(0)) } == .failed)
    let again = try RequestJournal(folder: scratch.folder(), limits: JournalLimits())
    #expect(try again.pending() == [.test("1")])
  }
}
