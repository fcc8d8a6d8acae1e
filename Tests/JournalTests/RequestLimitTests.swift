import Foundation
import Testing

@testable import Journal

/// What the request journal keeps at most.
@Suite(.timeLimit(.minutes(1)))
struct RequestLimitTests {
  let scratch: Scratch

  init() throws { scratch = try Scratch() }

  func journal(_ change: (inout JournalLimits) -> Void) throws -> RequestJournal {
    var limits = JournalLimits()
    change(&limits)
    return try RequestJournal(folder: scratch.folder(), limits: limits)
  }

  /// Which of these ids have an answer.
  func answered(_ ids: ClosedRange<Int>, in journal: RequestJournal) throws -> [Int] {
    try ids.filter { try journal.answer(for: .test("\($0)")) != nil }
  }

  static let cost = JournalAnswer.test("1").cost(under: .test("1"))

  @Test func pastTheNumberTheOldestAnswersGo() throws {
    let journal = try journal { $0.answers = 3 }
    for id in 1...5 { try journal.finish(.test("\(id)"), answer: .test("\(id)")) }
    #expect(try answered(1...5, in: journal) == [3, 4, 5])
    #expect(journal.bytes == 3 * Self.cost)
  }

  @Test func pastTheBytesTheOldestAnswersGo() throws {
    let journal = try journal { $0.answerBytes = 4 * Self.cost - 1 }
    for id in 1...5 { try journal.finish(.test("\(id)"), answer: .test("\(id)")) }
    #expect(try answered(1...5, in: journal) == [3, 4, 5])
  }

  @Test func anAnswerOverAllBytesIsNotKept() throws {
    let journal = try journal { $0.answerBytes = Self.cost }
    try journal.accept(.test("2"))
    try journal.finish(.test("1"), answer: .test("1"))
    try journal.finish(.test("2"), answer: .test("more bytes"))
    #expect(try answered(1...2, in: journal) == [1])
    #expect(journal.pendingCount == 0)
  }

  @Test func withAgeTheOldestAnswersGo() throws {
    let journal = try journal { $0.answerAge = 60 }
    // More than one batch, so that it takes several transactions.
    let last = OldestRows.batch + 10
    for id in 1...last {
      try journal.finish(.test("\(id)"), answer: .test("", at: id <= last - 3 ? 0 : 1))
    }
    try journal.accept(.test("0"))
    try journal.removeExpired(now: date(59))
    #expect(try answered(1...last, in: journal).count == last)
    try journal.removeExpired(now: date(60))
    #expect(try answered(1...last, in: journal) == [last - 2, last - 1, last])
    try journal.removeExpired(now: date(1e9))
    #expect(try answered(1...last, in: journal).isEmpty)
    #expect(try journal.pending() == [.test("0")])
    #expect(journal.bytes == PendingRequest.test("0").cost)
  }

  @Test func tighterLimitsHoldAfterTheNextStart() throws {
    var first: RequestJournal? = try journal { _ in }
    for id in 1...5 { try first?.finish(.test("\(id)"), answer: .test("\(id)")) }
    first?.close()
    first = nil
    let journal = try journal { $0.answers = 2 }
    #expect(try answered(1...5, in: journal).count == 5)
    try journal.removeExpired(now: date(0))
    #expect(try answered(1...5, in: journal) == [4, 5])
  }

  @Test func pastPendingBytesRequestsAreRefused() throws {
    let cost = PendingRequest.test("1").cost
    let journal = try journal { $0.pendingBytes = 2 * cost }
    try journal.accept(.test("1"))
    try journal.accept(.test("2"))
    #expect(code { () throws(JournalError) in try journal.accept(.test("3")) } == .full)
    #expect(try journal.pending() == [.test("1"), .test("2")])
    // One that is there already is no more.
    try journal.accept(.test("1"))
    try journal.abandon(.test("1"))
    try journal.accept(.test("3"))
    #expect(try journal.pending() == [.test("2"), .test("3")])
    let large = PendingRequest.test("4", bytes: 2 * cost)
    #expect(code { () throws(JournalError) in try journal.accept(large) } == .full)
  }
}
