import BusProtocol
import Testing

@testable import Client

/// What is missing, what was there already, and what is lost: without sockets.
struct StreamLedgerTests {
  typealias Gap = StreamLedger.Gap

  static let liver = Topic.result(study: "s", category: "liver")
  static let spleen = Topic.result(study: "s", category: "spleen")

  static func message(_ position: Int, _ topic: Topic = liver, _ count: Int?) -> StreamMessage {
    StreamMessage(
      topic: topic,
      header: StreamHeader(position: position, topicPosition: count, time: "2026-11-21T00:00:00Z"))
  }

  static func heartbeat(_ position: Int) -> StreamMessage { message(position, .heartbeat, nil) }

  /// Arrives, and is admitted where nothing is missing.
  private func give(_ message: StreamMessage, to ledger: inout StreamLedger) -> StreamEvent? {
    #expect(ledger.arrive(message) == nil)
    return ledger.admit(message, isReplayed: false)
  }

  @Test func fromNowOn() {
    for first in [Self.message(7, Self.liver, 3), Self.heartbeat(6)] {
      for isDense in [true, false] {
        var ledger = StreamLedger(isDense: isDense)
        #expect(ledger.position == nil)
        #expect(give(first, to: &ledger)?.lost == 0)
        if first.topic == .heartbeat {
          #expect(ledger.position == 6)
          #expect(give(Self.message(7, Self.liver, 1), to: &ledger)?.lost == 0)
        }
        #expect(ledger.position == 7)
        #expect(give(Self.heartbeat(7), to: &ledger) != nil)
        #expect(give(Self.message(8, Self.spleen, 1), to: &ledger)?.lost == 0)
      }
    }
  }

  @Test("A server without a journal has restarted, and is further on than it was")
  func anotherLife() {
    for isDense in [true, false] {
      var ledger = StreamLedger(isDense: isDense)
      func beat(_ position: Int, _ life: String?) -> StreamMessage {
        var message = Self.heartbeat(position)
        message.header.life = life
        return message
      }
      #expect(give(beat(3, "a"), to: &ledger) != nil)
      _ = give(Self.message(4, Self.liver, 1), to: &ledger)
      // Of a server that does not tell.
      #expect(give(beat(4, nil), to: &ledger) != nil)
      #expect(give(beat(4, "a"), to: &ledger) != nil)
      #expect(ledger.arrive(beat(4, "b")) == Gap(after: 0, through: 4, topic: nil))
    }
  }

  @Test("Of all topics, any gap in the positions is one")
  func dense() {
    var ledger = StreamLedger(isDense: true)
    _ = give(Self.message(1, Self.liver, 1), to: &ledger)
    let late = Self.message(4, Self.spleen, 9)
    let gap = Gap(after: 1, through: 3, topic: nil)
    #expect(ledger.arrive(late) == gap)
    #expect(ledger.admit(Self.message(3, Self.liver, 2), isReplayed: true)?.lost == 1)
    ledger.settle(gap)
    let event = ledger.admit(late, isReplayed: false)
    #expect(event?.lost == 0 && event?.isReplayed == false && ledger.position == 4)
    #expect(ledger.arrive(Self.heartbeat(6)) == Gap(after: 4, through: 6, topic: nil))
    ledger.settle(Gap(after: 4, through: 6, topic: nil))
    // Nothing came of it: what is lost shows at the next.
    #expect(give(Self.message(7, Self.liver, 3), to: &ledger)?.lost == 2)
  }

  @Test("Of some topics, a gap in a topic's count is one, and others' positions are none")
  func sparse() {
    var ledger = StreamLedger(isDense: false)
    _ = give(Self.message(10, Self.liver, 1), to: &ledger)
    #expect(give(Self.message(15, Self.spleen, 1), to: &ledger)?.lost == 0)
    #expect(give(Self.heartbeat(20), to: &ledger) != nil)
    let late = Self.message(21, Self.liver, 4)
    let gap = Gap(after: 10, through: 20, topic: Self.liver)
    #expect(ledger.arrive(late) == gap)
    #expect(ledger.admit(Self.message(12, Self.liver, 2), isReplayed: true)?.lost == 0)
    ledger.settle(gap)
    #expect(ledger.admit(late, isReplayed: false)?.lost == 1)
    // A topic that is new here and not to the server.
    let other = Topic.report(study: "s")
    #expect(
      ledger.arrive(Self.message(22, other, 2)) == Gap(after: 9, through: 21, topic: other))
  }

  @Test("After a reconnect whatever there is may be missing", arguments: [true, false])
  func reconnected(isDense: Bool) {
    var ledger = StreamLedger(isDense: isDense)
    ledger.reconnect()
    _ = give(Self.message(1, Self.liver, 1), to: &ledger)
    ledger.reconnect()
    #expect(give(Self.heartbeat(1), to: &ledger) != nil)
    ledger.reconnect()
    let gap = Gap(after: 1, through: 5, topic: nil)
    #expect(ledger.arrive(Self.heartbeat(5)) == gap)
    ledger.settle(gap)
    #expect(ledger.position == 5)
    #expect(give(Self.heartbeat(5), to: &ledger) != nil)
  }

  @Test("What a replay was ahead with is not given out again", arguments: [true, false])
  func duplicates(isDense: Bool) {
    var ledger = StreamLedger(isDense: isDense, after: 0)
    let gap = Gap(after: 0, through: 1, topic: nil)
    #expect(ledger.arrive(Self.message(2, Self.liver, 2)) == gap)
    for n in 1...4 {
      let event = ledger.admit(Self.message(n, Self.liver, n), isReplayed: true)
      #expect(event?.isReplayed == true && event?.lost == 0)
      #expect(ledger.admit(Self.message(n, Self.liver, n), isReplayed: true) == nil)
    }
    ledger.settle(gap)
    #expect(ledger.admit(Self.message(2, Self.liver, 2), isReplayed: false) == nil)
    for n in 3...4 { #expect(give(Self.message(n, Self.liver, n), to: &ledger) == nil) }
    #expect(give(Self.message(5, Self.liver, 5), to: &ledger)?.lost == 0)
  }

  @Test("What the server has no more is told", arguments: [true, false])
  func expired(isDense: Bool) {
    var ledger = StreamLedger(isDense: isDense, after: 10)
    let gap = Gap(after: 10, through: 19, topic: nil)
    #expect(ledger.arrive(Self.message(20, Self.liver, 5)) == gap)
    ledger.note(oldest: 16, of: gap)
    let first = ledger.admit(Self.message(17, Self.liver, 4), isReplayed: true)
    #expect(first?.expired == 5 && first?.lost == (isDense ? 6 : 0))
    ledger.settle(gap)
    let next = ledger.admit(Self.message(20, Self.liver, 5), isReplayed: false)
    #expect(next?.expired == 0 && next?.lost == (isDense ? 2 : 0))
    ledger.note(oldest: 9, of: gap)
    ledger.note(oldest: 1000, of: Gap(after: 20, through: 22, topic: nil))
    #expect(ledger.admit(Self.message(23, Self.liver, 6), isReplayed: false)?.expired == 2)
  }

  @Test("A server that counts from the start again", arguments: [true, false])
  func anew(isDense: Bool) {
    var ledger = StreamLedger(isDense: isDense)
    _ = give(Self.message(8, Self.liver, 8), to: &ledger)
    ledger.reconnect()
    let gap = Gap(after: 0, through: 2, topic: nil)
    #expect(ledger.arrive(Self.message(3, Self.liver, 3)) == gap)
    for n in 1...2 {
      #expect(ledger.admit(Self.message(n, Self.liver, n), isReplayed: true)?.lost == 0)
    }
    ledger.settle(gap)
    #expect(ledger.admit(Self.message(3, Self.liver, 3), isReplayed: false)?.lost == 0)
    // By the topic's count, as it has come farther than before.
    #expect(
      ledger.arrive(Self.message(30, Self.liver, 2)) == Gap(after: 0, through: 29, topic: nil))
  }

  @Test("Whether it does is asked where one resumes ahead of it")
  func aheadOfTheServer() {
    var ledger = StreamLedger(isDense: true, after: 100)
    #expect(ledger.arrive(Self.heartbeat(3)) == Gap(after: 100, through: 100, topic: nil))
    ledger.beginAnew()
    #expect(ledger.position == 0)
    // It was only late.
    ledger = StreamLedger(isDense: true, after: 100)
    let late = Self.message(99, Self.liver, 9)
    let gap = Gap(after: 100, through: 100, topic: nil)
    #expect(ledger.arrive(late) == gap)
    ledger.settle(gap)
    #expect(ledger.admit(late, isReplayed: false) == nil)
    #expect(give(Self.message(101, Self.liver, 11), to: &ledger)?.lost == 0)
  }

  @Test("Messages that the journal could not number are given out as they come")
  func unnumbered() {
    var ledger = StreamLedger(isDense: true)
    _ = give(Self.message(1, Self.liver, 1), to: &ledger)
    for _ in 0..<2 {
      #expect(give(Self.message(1, Self.liver, nil), to: &ledger)?.lost == 0)
    }
    #expect(give(Self.message(2, Self.liver, 2), to: &ledger)?.lost == 0)
  }

  @Test func memoryIsBounded() {
    var ledger = StreamLedger(isDense: false, capacity: 3)
    for n in 1...10 {
      let topic = Topic.progress(request: "\(n)")
      #expect(give(Self.message(n, topic, 1), to: &ledger)?.lost == 0)
    }
    let forgotten = Topic.progress(request: "1")
    let gap = ledger.arrive(Self.message(11, forgotten, 2))
    #expect(gap == Gap(after: 9, through: 10, topic: forgotten))
  }

  @Test(
    "Numbers that are none",
    arguments: [
      (-1, nil), (.min, nil), (.max, nil), (1 << 54, nil), (0, 1), (5, 0), (5, .min), (5, .max),
    ] as [(Int, Int?)])
  func numbers(position: Int, count: Int?) {
    #expect(!Self.message(position, Self.liver, count).isCountable)
    #expect(Self.message(5, Self.liver, 1).isCountable && Self.heartbeat(0).isCountable)
  }
}
