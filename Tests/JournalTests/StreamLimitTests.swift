import Foundation
import Synchronization
import Testing

@testable import Journal

/// What the stream journal keeps at most.
@Suite(.timeLimit(.minutes(1)))
struct StreamLimitTests {
  let scratch: Scratch

  init() throws { scratch = try Scratch() }

  /// That what is kept is the end of the stream without holes, counted rightly; its length.
  func keptCount(_ journal: StreamJournal) throws -> Int {
    let replay = try journal.all()
    let positions = replay.messages.map(\.position)
    #expect(positions == Array(replay.oldest..<journal.position + 1))
    #expect(journal.bytes == replay.messages.reduce(0) { $0 + $1.cost })
    return positions.count
  }

  @Test(arguments: Place.allCases) func pastTheNumberTheOldestGoTogether(place: Place) throws {
    let journal = try place.open(scratch) { $0.streamMessages = 80 }
    var counts: [Int] = []
    for _ in 1...200 {
      try journal.publish("a")
      counts.append(try keptCount(journal))
    }
    // An eighth and one at a time: 81 messages would be, so 69 are left and one comes.
    #expect(Array(counts[..<92]) == Array(1...80) + Array(70...80) + [70])
    #expect(counts.max() == 80)
  }

  @Test(arguments: Place.allCases) func pastTheBytesTheOldestGo(place: Place) throws {
    var random = Seeded(state: 7)
    let journal = try place.open(scratch) { $0.streamBytes = 40_000 }
    for _ in 1...300 {
      try journal.publish("a", bytes: Int.random(in: 0...5000, using: &random))
      #expect(journal.bytes <= 40_000)
    }
    #expect(try keptCount(journal) > 5)
    // One that needs all the room.
    let last = try journal.publish("a", bytes: 39_000)
    #expect(try journal.all().messages == [last])
  }

  @Test(arguments: Place.allCases) func aMessageOverAllBytesIsNumberedOnly(place: Place) throws {
    let journal = try place.open(scratch) { $0.streamBytes = 1000 }
    try journal.publish("a")
    #expect(try journal.publish("a", bytes: 1000).position == 2)
    let next = try journal.publish("a")
    #expect(next.position == 3 && next.topicPosition == 3)
    #expect(try journal.all().messages.map(\.position) == [1, 3])
  }

  @Test(arguments: Place.allCases) func withAgeTheOldestGo(place: Place) throws {
    let journal = try place.open(scratch) { $0.streamAge = 60 }
    let count = OldestRows.batch + 20
    for step in 0..<count { try journal.publish("a", at: Double(step)) }
    try journal.removeExpired(now: date(59))
    #expect(try journal.all().oldest == 1)
    try journal.removeExpired(now: date(60))
    #expect(try journal.all().oldest == 2)
    try journal.removeExpired(now: date(60 + Double(count - 7)))
    #expect(try journal.all().oldest == count - 5)
    #expect(try keptCount(journal) == 6)
    #expect(journal.position == count)
  }

  @Test func countsHoldOverARestart() throws {
    let first = try Place.disk.open(scratch) { $0.streamMessages = 80 }
    for _ in 1...90 { try first.publish("a") }
    first.close()
    let second = try Place.disk.open(scratch)
    #expect(second.bytes == first.bytes)
    #expect(try keptCount(second) == 79)
  }

  /// What would make an `append` wait for the disk at some time is done beside them.
  @Test func theLogIsMovedIntoTheFile() throws {
    let journal = try Place.disk.open(scratch)
    for _ in 1...10 { try journal.publish("a", bytes: 100_000) }
    let before = try Data(contentsOf: scratch.file("stream.sqlite")).count
    try journal.removeExpired(now: date(0))
    let after = try Data(contentsOf: scratch.file("stream.sqlite")).count
    #expect(before < 100_000 && after > 1_000_000)
    #expect(try keptCount(journal) == 10)
  }

  /// Room that is free again is used again, and given back where it is much.
  @Test func theFileStaysSmall() throws {
    func size() throws -> Int {
      try scratch.file("stream.sqlite").resourceValues(forKeys: [.fileSizeKey]).fileSize ?? 0
    }
    let first = try Place.disk.open(scratch) { $0.streamBytes = 8 << 20 }
    for _ in 1...300 { try first.publish("a", bytes: 100_000) }
    first.close()
    let full = try size()
    #expect(full > 7 << 20 && full < 10 << 20)
    let second = try Place.disk.open(scratch)
    try second.removeExpired(now: .distantFuture)
    second.close()
    #expect(try size() < 2 << 20)
  }

  /// A server that stops may be in the midst of anything.
  @Test(arguments: Place.allCases) func closingHarmsNobodyWhoUsesIt(place: Place) throws {
    for _ in 0..<100 {
      let journal = try place.open(scratch)
      for _ in 0..<3 { try journal.publish("a") }
      let wrong = Mutex<[JournalError.Code]>([])
      @Sendable func attempt(_ body: () throws -> Void) {
        do {
          try body()
        } catch let error as JournalError where error.code == .failed {
        } catch {
          wrong.withLock { $0.append((error as? JournalError)?.code ?? .corrupt) }
        }
      }
      // Threads of their own: `concurrentPerform` runs no more at a time than there are cores.
      let done = DispatchGroup()
      let work: [@Sendable () -> Void] = [
        { attempt { try journal.publish("b") } }, { attempt { _ = try journal.all() } },
        { attempt { try journal.removeExpired(now: date(0)) } },
        { attempt { try journal.removeExpired(now: date(0)) } },
        { attempt { try journal.removeExpired(now: date(0)) } },
      ]
      for each in work {
        done.enter()
        Thread.detachNewThread {
          for _ in 0..<20 { each() }
          done.leave()
        }
      }
      usleep(UInt32.random(in: 0..<4000))
      journal.close()
      done.wait()
      #expect(wrong.withLock { $0 }.isEmpty)
    }
  }
}
