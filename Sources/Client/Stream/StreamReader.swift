import BusProtocol
import Synchronization
import ZeroMQ

/// Reads the stream without gaps: what the ledger misses is asked for by `stream.replay`, a page at a
/// time, before the live message that showed it.
final class StreamReader: Sendable {
  /// A gap that is being filled.
  struct Fill: Sendable {
    var gap: StreamLedger.Gap
    /// The message that showed it.
    let before: StreamMessage
    /// Where the next page begins.
    var cursor: Int
    /// The last message that was given out of it.
    var given: Int
    /// Messages of a page.
    var limit = 256
    var failures = 0
    /// All that there is was fetched.
    var isDone = false

    init(_ gap: StreamLedger.Gap, before: StreamMessage) {
      self.gap = gap
      self.before = before
      (cursor, given) = (gap.after, gap.after)
    }
  }

  struct State: Sendable {
    var ledger: StreamLedger
    var connection = 1
    var canReplay: Bool
    var fill: Fill?
    /// The rest of a page, the next one last.
    var page: [StreamMessage] = []
    var live: StreamMessage?
    var fault: ClientError?
    var malformed = 0
  }

  private enum Step {
    case give(StreamEvent)
    case ask(Fill)
    case listen
  }

  private let state: Mutex<State>
  private let feed: StreamFeed
  private let client: SegSAMClient
  private let filters: [TopicFilter]
  /// What to ask for; nil: all.
  private let topics: [String]?

  init(feed: StreamFeed, client: SegSAMClient, filters: [TopicFilter], after: Int?) {
    self.feed = feed
    self.client = client
    self.filters = filters
    let isDense = filters.contains(.all)
    let counted = filters.filter { $0 != .heartbeat }
    topics = isDense ? nil : counted.map(\.prefix)
    state = Mutex(
      State(
        ledger: StreamLedger(isDense: isDense, after: after.map { max(0, $0) }),
        canReplay: !counted.isEmpty))
  }

  /// To go on from in another life: where messages that are older are on their way, theirs.
  var position: Int? {
    state.withLock { state in
      guard let fill = state.fill, fill.gap.topic != nil else { return state.ledger.position }
      return state.ledger.position.map { min($0, fill.given) }
    }
  }

  var fault: ClientError? { state.withLock { $0.fault } }
  var malformed: Int { state.withLock { $0.malformed } }

  func next(isolation actor: isolated (any Actor)?) async -> StreamEvent? {
    while !feed.isClosed, !Task.isCancelled {
      let step = state.withLock { state -> Step in
        if let event = state.take(wanted: isWanted) { return .give(event) }
        return state.fill.map { .ask($0) } ?? .listen
      }
      switch step {
      case .give(let event): return event
      case .ask(let fill): await ask(fill)
      case .listen:
        guard let (message, connection) = await feed.next(isolation: actor) else { return nil }
        receive(message, by: connection)
      }
    }
    return nil
  }

  private func isWanted(_ topic: Topic) -> Bool { filters.contains { $0.matches(topic) } }

  private func receive(_ message: Message, by connection: Int) {
    let parsed = try? StreamMessage(frames: message.payloads)
    state.withLock { state in
      guard let parsed, parsed.isCountable else {
        state.malformed += 1
        return
      }
      if connection != state.connection {
        state.connection = connection
        state.ledger.reconnect()
      }
      guard parsed.topic == .heartbeat || isWanted(parsed.topic) else { return }
      guard let gap = state.ledger.arrive(parsed) else {
        state.live = parsed
        return
      }
      state.fill = Fill(gap, before: parsed)
      state.fill?.isDone = !state.canReplay
    }
  }

  /// Fetches a page.
  private func ask(_ fill: Fill) async {
    let parameters = StreamReplayParameters(
      from: fill.cursor, topics: fill.gap.topic.map { [$0.text ?? ""] } ?? topics,
      limit: fill.limit)
    let outcome = await feed.interruptible { [client, feed] () -> Result<ReplayPage, ClientError> in
      await feed.pause(after: fill.failures)
      do throws(ClientError) {
        return .success(try ReplayPage(await client.call(.streamReplay(parameters))))
      } catch {
        return .failure(error)
      }
    }
    state.withLock { state in
      switch outcome {
      case .success(let page): state.take(page, wanted: isWanted)
      case .failure(let error): state.fail(error, tries: client.retry.tries)
      }
    }
  }
}
