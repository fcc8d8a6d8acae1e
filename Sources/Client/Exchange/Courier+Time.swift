import BusProtocol
import JSONC
import Synchronization
import ZeroMQ

extension Courier {
  /// Looks after a request whenever something is due, until it is settled.
  func timer(for letter: Letter) -> Task<Void, Never> {
    let (id, serial, first) = (letter.exchange.id, letter.serial, letter.tries.due)
    return Task {
      var due = first
      while true {
        do { try await time.sleep(until: due) } catch { return }
        guard let next = attend(id, serial) else { return }
        due = next
      }
    }
  }

  /// Does what is due of a request.
  ///
  /// - Returns: when to look again; nil where it has ended.
  private func attend(_ id: String, _ serial: Int) -> Duration? {
    let now = time.now
    let (next, ended, replaces) = state.withLock { state -> (Duration?, Ended?, Bool) in
      guard let letter = state.letters[id], letter.serial == serial else {
        return (nil, nil, false)
      }
      guard now >= letter.tries.due else { return (letter.tries.due, nil, false) }
      if now >= letter.tries.end {
        return (nil, (state.remove(id), letter.patience), false)
      }
      switch letter.tries.phase {
      case .waiting:
        guard state.endTry(of: id, at: now) else {
          return (nil, (state.remove(id), now - letter.start), false)
        }
        return (state.letters[id]?.tries.due, nil, false)
      case .pausing(let isSilent):
        let replaces = isSilent && state.suspectsLink(of: letter)
        if replaces { state.isReplacing = true }
        state.letters[id]?.tries.send(at: now)
        state.letters[id]?.sentAt = nil
        if !state.isReplacing { state.transmit(id, at: now) }
        return (state.letters[id]?.tries.due, nil, replaces)
      }
    }
    if let ended { ended.exchange?.settle(.failure(.timedOut(after: ended.after))) }
    if replaces { Task { await replace() } }
    return next
  }

  /// A request whose time, or whose tries, are over.
  private typealias Ended = (exchange: Exchange?, after: Duration)

  /// Has the timers look again of what is due earlier than they know.
  func rewind() {
    state.withLock { state in
      for (id, letter) in state.letters where letter.tries.phase != .waiting {
        state.letters[id]?.timer?.cancel()
        state.letters[id]?.timer = timer(for: letter)
      }
    }
  }

  /// A message of the server. What belongs to no request in flight is late or foreign, and what comes
  /// from a socket that was given up is late: dropped.
  func receive(_ message: Message, from link: Int) {
    let now = time.now
    let isPresent = state.withLock { state in
      guard state.link.number == link else { return false }
      state.link.heardAt = now
      return true
    }
    guard isPresent else { return }
    let payloads = message.payloads
    let reply: Reply
    do throws(ProtocolError) {
      reply = try Reply(frames: payloads)
    } catch {
      if let id = Reply.id(in: payloads) {
        settle(id, .failure(.malformedReply(error.message)))
      }
      return
    }
    guard let id = reply.header.id else { return }
    guard reply.header.status.isFinal else { return note(reply.header, of: id, at: now) }
    guard let error = reply.header.error else { return settle(id, .success(reply)) }
    if error.code == .busy, isPostponed(id, error, at: now) { return }
    settle(id, .failure(.refused(error)))
  }

  private func note(_ header: ReplyHeader, of id: String, at now: Duration) {
    let exchange = state.withLock { state in
      state.letters[id]?.tries.hear(at: now)
      return state.letters[id]?.exchange
    }
    exchange?.note(header)
  }

  /// Whether a request that the server has no room for is sent again later.
  private func isPostponed(_ id: String, _ error: ProtocolError, at now: Duration) -> Bool {
    state.withLock { state in
      guard var letter = state.letters[id] else { return true }
      // Said again, to a message that was sent again meanwhile.
      if letter.tries.phase == .pausing(isSilent: false) { return true }
      let isAgain = letter.tries.beBusy(
        at: now, retryAfterMilliseconds: error.details["retry_after_ms"]?.doubleValue,
        using: &state.generator)
      guard isAgain else { return false }
      letter.timer?.cancel()
      letter.timer = timer(for: letter)
      state.letters[id] = letter
      return true
    }
  }
}

extension Courier.State {
  /// Ends a try that was silent.
  ///
  /// - Returns: false where it was the last.
  mutating func endTry(of id: String, at now: Duration) -> Bool {
    guard var letter = letters[id] else { return false }
    let isMore =
      if let sentAt = letter.sentAt, sentAt > letter.tries.begun {
        letter.tries.fail(sentAgainAt: sentAt)
      } else {
        letter.tries.fail(at: now, using: &generator)
      }
    letters[id] = letter
    return isMore
  }

  /// Whether a request's silence is the socket's: it is still the one that the request went over,
  /// and has brought nothing since, for others either.
  func suspectsLink(of letter: Letter) -> Bool {
    guard !isReplacing, letter.link == link.number else { return false }
    return link.heardAt.map { $0 <= letter.tries.begun } ?? true
  }
}
