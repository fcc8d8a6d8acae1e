import BusProtocol
import Synchronization
public import ZeroMQ

/// The server's stream: an asynchronous sequence of what is published, for one task.
///
/// ```swift
/// let stream = try await StreamSubscriber(endpoint: "tcp://127.0.0.1:5556", [.results(study: "s")])
/// for await event in stream { print(event.message.topic, event.lost) }
/// ```
///
/// A subscriber that is slow loses messages and never slows the server; `StreamEvent.lost` tells.
///
/// One that resumes asks for what it missed, as it was slow, or the connection or the server broke,
/// and gives it out in its place:
///
/// ```swift
/// let stream = try await StreamSubscriber(
///   endpoint: "tcp://127.0.0.1:5556", resuming: client, after: saved)
/// for await event in stream {
///   keep(event)
///   saved = stream.position
/// }
/// ```
///
/// Each message comes once, in the order of the positions; of a subscriber of some topics, in the
/// order within each topic. No more than a page of a replay is held at a time. A server that counts
/// from the start again, as one without a journal does when it restarts, is read from its start.
public final class StreamSubscriber: AsyncSequence, Sendable {
  public typealias Element = StreamEvent
  public typealias Failure = Never

  private let loop: SocketLoop
  private let feed: StreamFeed
  private let filters: [TopicFilter]
  /// Where it resumes.
  private let reader: StreamReader?
  private let last = Mutex<Int?>(nil)
  private let refused = Atomic<Int>(0)

  /// - Parameters:
  ///   - client: what was missed is asked for with it; its key needs the role `stream`. nil: what is
  ///     lost is told, and libzmq mends the connection.
  ///   - position: resume after it, as `position` was in an earlier life; nil: from now on.
  ///   - silence: after so long without any message (heartbeats come once a second), a subscriber
  ///     that resumes connects anew.
  ///   - keys: for a server that asks for keys.
  /// - Throws: `ClientError.connection` where the endpoint makes no sense to libzmq.
  public convenience init(
    endpoint: String, _ filters: [TopicFilter] = [.all], resuming client: SegSAMClient? = nil,
    after position: Int? = nil, silence: Duration = .seconds(5), keys: ConnectionKeys? = nil,
    context: Context? = nil
  ) async throws(ClientError) {
    try await self.init(
      endpoint: endpoint, filters, resuming: client, after: position, silence: silence,
      keys: keys, context: context, time: client?.time ?? SystemTime())
  }

  init(
    endpoint: String, _ filters: [TopicFilter], resuming client: SegSAMClient?,
    after position: Int?,
    silence: Duration, keys: ConnectionKeys?, context: Context?, time: any Timekeeper
  ) async throws(ClientError) {
    self.filters = filters
    var options = SocketOptions()
    options.subscriptions = filters.map(\.prefix)
    options.heartbeat = .init(interval: 5_000, timeout: 20_000)
    options.curve = keys?.curve
    var patience: StreamFeed.Patience?
    if let client {
      patience = StreamFeed.Patience(
        silence: Swift.max(.milliseconds(1), silence), policy: client.retry)
      // A gap may hide in a connection that libzmq mended unseen.
      options.reconnect = (first: -1, longest: 0)
      options.subscriptions.append(TopicFilter.heartbeat.prefix)
    }
    do throws(ZMQError) {
      let context = if let context { context } else { try Context() }
      let loop = try SocketLoop(context: context, name: "segsam-stream")
      self.loop = loop
      do throws(ZMQError) {
        feed = try await StreamFeed(patience: patience, time: time) {
          [options] () async throws(ZMQError) -> Endpoint in
          try await loop.open(.subscribe, at: [.connect(endpoint)], options: options)
        }
      } catch {
        await loop.shutdown(grace: .zero)
        throw error
      }
    } catch {
      throw .connection(error)
    }
    let feed = feed
    reader = client.map {
      StreamReader(feed: feed, client: $0, filters: filters, after: position)
    }
  }

  deinit {
    let loop = loop
    feed.close()
    Task { await loop.shutdown(grace: .zero) }
  }

  /// Messages that came and were none of this protocol.
  public var malformed: Int { reader?.malformed ?? refused.load(ordering: .relaxed) }

  /// Of the last message that was given out: keep it once the message is dealt with, to resume there.
  /// nil before the first; one that resumes has one as soon as anything came.
  public var position: Int? { reader?.position ?? last.withLock { $0 } }

  /// Why what was missed could not be asked for, where that was tried last and failed. It is tried
  /// again unless the client is closed or its key has not the role `stream`; then `lost` tells.
  public var fault: ClientError? { reader?.fault }

  /// Disconnects, and ends the sequence.
  public func close() async {
    feed.close()
    await loop.shutdown(grace: .zero)
  }

  public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(subscriber: self) }

  public struct AsyncIterator: AsyncIteratorProtocol {
    let subscriber: StreamSubscriber
    var gaps = GapDetector()

    public mutating func next() async -> StreamEvent? { await next(isolation: nil) }

    public mutating func next(isolation actor: isolated (any Actor)?) async -> StreamEvent? {
      if let reader = subscriber.reader { return await reader.next(isolation: actor) }
      while let (message, _) = await subscriber.feed.next(isolation: actor) {
        guard let parsed = try? StreamMessage(frames: message.payloads) else {
          subscriber.refused.add(1, ordering: .relaxed)
          continue
        }
        guard subscriber.filters.contains(where: { $0.matches(parsed.topic) }) else { continue }
        if parsed.header.topicPosition != nil {
          subscriber.last.withLock { $0 = parsed.header.position }
        }
        return StreamEvent(message: parsed, lost: gaps.lost(before: parsed))
      }
      return nil
    }
  }
}
