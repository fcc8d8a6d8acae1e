import Foundation
import Testing

@testable import Journal

/// What `stream.replay` gives.
@Suite(.timeLimit(.minutes(1)))
struct StreamReplayTests {
  let scratch: Scratch

  init() throws { scratch = try Scratch() }

  @Test(arguments: Place.allCases) func fromIsExclusive(place: Place) throws {
    let journal = try place.open(scratch)
    for topic in ["a", "b", "a"] { try journal.publish(topic) }
    let replay = try journal.replay(from: 1, topics: nil, limit: 9, bytes: .max)
    #expect(replay.messages.map(\.position) == [2, 3])
    #expect(replay.oldest == 1 && replay.next == 3 && !replay.isTruncated)
  }

  @Test(arguments: Place.allCases, [(3, 3), (99, 3), (Int.max, 3), (-5, 3), (Int.min, 3)])
  func anyFromIsAnAnswer(place: Place, bounds: (from: Int, next: Int)) throws {
    let journal = try place.open(scratch)
    for _ in 1...3 { try journal.publish("a") }
    let replay = try journal.replay(from: bounds.from, topics: nil, limit: 9, bytes: .max)
    #expect(replay.messages.count == (bounds.from < 0 ? 3 : 0))
    #expect(replay.next == bounds.next && !replay.isTruncated)
  }

  @Test(arguments: Place.allCases) func anEmptyStreamHasAnEnd(place: Place) throws {
    let journal = try place.open(scratch)
    let replay = try journal.all()
    #expect(replay == Replay(messages: [], oldest: 1, next: 0, isTruncated: false))
    try journal.publish("a")
    try journal.removeExpired(now: .distantFuture)
    #expect(try journal.all() == Replay(messages: [], oldest: 2, next: 1, isTruncated: false))
  }

  /// Prefixes are bytes: `_` and `%` are no wildcards, as they would be to LIKE.
  @Test(
    arguments: Place.allCases,
    [
      (["result.a."], ["result.a.liver", "result.a.spleen"]),
      (["result.a"], ["result.a.liver", "result.a.spleen", "result.a_.liver", "result.a%"]),
      (["result.a_"], ["result.a_.liver"]),
      (["result.a%"], ["result.a%"]),
      (["RESULT"], []), (["%"], []), (["*"], []), ([], []),
      (["heart", "result.a_", "report."], ["result.a_.liver", "report.a"]),
      ([""], StreamReplayTests.topics), (["x", ""], StreamReplayTests.topics),
      (["\u{e9}"], ["\u{e9}tude"]), (["e"], ["e\u{301}tude"]),
    ])
  func topicsArePrefixes(place: Place, example: (prefixes: [String], topics: [String])) throws {
    let journal = try place.open(scratch)
    for topic in Self.topics { try journal.publish(topic) }
    let found = try journal.all(example.prefixes)
    #expect(
      found.messages.map { Array($0.topic.utf8) } == example.topics.map { Array($0.utf8) })
    #expect(found.next == Self.topics.count && !found.isTruncated)
  }

  static let topics = [
    "result.a.liver", "result.a.spleen", "result.a_.liver", "result.a%", "report.a",
    "\u{e9}tude", "e\u{301}tude",
  ]

  @Test(arguments: Place.allCases) func theLimitCutsIntoPieces(place: Place) throws {
    let journal = try place.open(scratch)
    for step in 1...20 { try journal.publish(step.isMultiple(of: 2) ? "even" : "odd") }
    var positions: [[Int]] = []
    var from = 0
    var replay: Replay
    repeat {
      replay = try journal.replay(from: from, topics: ["odd"], limit: 4, bytes: .max)
      positions.append(replay.messages.map(\.position))
      from = replay.next
    } while replay.isTruncated
    #expect(positions == [[1, 3, 5, 7], [9, 11, 13, 15], [17, 19]])
    #expect(from == 20)
    // As many as there are is not cut off, whatever else follows.
    let exact = try journal.replay(from: 0, topics: ["odd"], limit: 10, bytes: .max)
    #expect(!exact.isTruncated && exact.next == 20)
    let none = try journal.replay(from: 0, topics: ["even"], limit: 0, bytes: .max)
    #expect(none.isTruncated && none.messages.isEmpty && none.next == 1)
  }

  @Test(arguments: Place.allCases) func bytesCutIntoPieces(place: Place) throws {
    let journal = try place.open(scratch)
    let records = try [10, 10, 500, 10, 10].map { try journal.publish("a", bytes: $0) }
    let small = records[0].cost
    func pieces(_ bytes: Int) throws -> [[Int]] {
      var pieces: [[Int]] = []
      var replay = Replay(messages: [], oldest: 0, next: 0, isTruncated: true)
      while replay.isTruncated {
        replay = try journal.replay(from: replay.next, topics: nil, limit: 99, bytes: bytes)
        pieces.append(replay.messages.map(\.position))
      }
      return pieces
    }
    #expect(try pieces(2 * small) == [[1, 2], [3], [4, 5]])
    #expect(try pieces(2 * small - 1) == [[1], [2], [3], [4], [5]])
    #expect(try pieces(0) == [[1], [2], [3], [4], [5]])
    #expect(try pieces(2 * small + records[2].cost) == [[1, 2, 3], [4, 5]])
  }

  @Test(arguments: Place.allCases) func framesComeBackAsTheyWere(place: Place) throws {
    let journal = try place.open(scratch)
    let messages: [[[UInt8]]] = [
      [], [[]], [[1], [], [2, 3]], [[UInt8](repeating: 9, count: 300_000)],
    ]
    for frames in messages {
      _ = try journal.append(topic: "", time: date(0.1)) { _, _ in frames }
    }
    let replay = try journal.all()
    #expect(replay.messages.map(\.frames) == messages)
    #expect(replay.messages.allSatisfy { $0.time == date(0.1) && $0.topic.isEmpty })
  }

  @Test func damagedMessagesAreLeftOutAndCounted() throws {
    let journal = try Place.disk.open(scratch)
    for text in ["frame 1", "frame 2", "frame 3"] {
      _ = try journal.append(topic: "a", time: date(0)) { _, _ in [Array(text.utf8)] }
    }
    journal.close()
    try scratch.replace("frame 2", with: "frame 7", in: "stream.sqlite")
    let damaged = try Place.disk.open(scratch)
    let replay = try damaged.all()
    #expect(replay.messages.map(\.position) == [1, 3])
    #expect(replay.next == 3 && !replay.isTruncated && damaged.damaged == 1)
  }
}
