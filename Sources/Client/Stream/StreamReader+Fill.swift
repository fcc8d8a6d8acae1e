import BusProtocol

extension StreamReader.State {
  /// The next event that is at hand.
  mutating func take(wanted: (Topic) -> Bool) -> StreamEvent? {
    while let message = page.popLast() {
      guard let event = ledger.admit(message, isReplayed: true) else { continue }
      fill?.given = message.header.position
      return event
    }
    if let done = fill, done.isDone {
      fill = nil
      ledger.settle(done.gap)
      live = done.before
    }
    guard let message = live else { return nil }
    live = nil
    return wanted(message.topic) ? ledger.admit(message, isReplayed: false) : nil
  }

  /// Takes in what was asked for.
  mutating func take(_ page: ReplayPage, wanted: (Topic) -> Bool) {
    guard var fill else { return }
    defer { self.fill = fill }
    fault = nil
    fill.failures = 0
    let isFirst = fill.cursor == fill.gap.after
    if isFirst, fill.cursor > 0, page.messages.isEmpty, page.next < fill.cursor {
      // The server has not come so far yet: it counts from the start again.
      ledger.beginAnew()
      let gap = StreamLedger.Gap(after: 0, through: fill.before.lastBefore, topic: nil)
      fill = StreamReader.Fill(gap, before: fill.before)
      return
    }
    if isFirst { ledger.note(oldest: page.oldest, of: fill.gap) }
    self.page = page.messages.reversed().filter { message in
      message.header.position > fill.cursor && wanted(message.topic)
        && (fill.gap.topic.map { $0 == message.topic } ?? true)
    }
    // As `from` is exclusive.
    let reached = page.messages.last?.header.position ?? page.next
    let goesOn = page.isTruncated && reached > fill.cursor && reached < fill.gap.through
    fill.cursor = max(fill.cursor, reached)
    fill.isDone = !goesOn
  }

  /// What was asked for did not come. Where it may yet, it is asked for again; else it is lost.
  mutating func fail(_ error: ClientError, tries: Int) {
    if error == .cancelled { return }
    fault = error
    fill?.failures += 1
    switch error {
    case .refused(let refusal):
      switch refusal.code {
      case .tooLarge where fill?.limit != 1:
        let half = (fill?.limit ?? 1) / 2
        fill?.limit = max(1, half)
      case .unauthorized, .unknownMethod:
        canReplay = false
        fill?.isDone = true
      case .busy: break
      case .internal, .deadlineExceeded, .cancelled:
        let failures = fill?.failures ?? 0
        fill?.isDone = failures >= tries
      default: fill?.isDone = true
      }
    case .closed:
      canReplay = false
      fill?.isDone = true
    case .malformedReply: fill?.isDone = true
    // The server is away, and may come back.
    case .timedOut, .overloaded, .connection, .cancelled: break
    }
  }
}
