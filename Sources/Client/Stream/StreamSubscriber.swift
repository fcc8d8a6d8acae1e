public import BusProtocol
import Synchronization
public import ZeroMQ

/// A message of the stream, and whether others of its topic were lost before it.
public struct StreamEvent: Sendable, Hashable {
  public var message: StreamMessage
  /// Messages of exactly this topic that were lost since the one before; `stream.replay` has them.
  public var lost: Int
}

/// The server's stream: an asynchronous sequence of what is published, for one task.
///
/// ```swift
/// let stream = try await StreamSubscriber(endpoint: "tcp://127.0.0.1:5556", [.results(study: "s")])
/// for await event in stream { print(event.message.topic, event.lost) }
/// ```
///
/// A subscriber that is slow loses messages and never slows the server; `StreamEvent.lost` tells.
public final class StreamSubscriber: AsyncSequence, Sendable {
  public typealias Element = StreamEvent
  public typealias Failure = Never

  private let loop: SocketLoop
  private let socket: Endpoint
  private let filters: [TopicFilter]
  private let refused = Atomic<Int>(0)

  /// - Throws: `ClientError.connection` where the endpoint makes no sense to libzmq.
  public init(
    endpoint: String, _ filters: [TopicFilter] = [.all], context: Context? = nil
  ) async throws(ClientError) {
    self.filters = filters
    var options = SocketOptions()
    options.subscriptions = filters.map(\.prefix)
    options.heartbeat = .init(interval: 5_000, timeout: 20_000)
    do throws(ZMQError) {
      let context = if let context { context } else { try Context() }
      loop = try SocketLoop(context: context, name: "segsam-stream")
      do throws(ZMQError) {
        socket = try await loop.open(.subscribe, at: [.connect(endpoint)], options: options)
      } catch {
        await loop.shutdown(grace: .zero)
        throw error
      }
    } catch {
      throw .connection(error)
    }
  }

  deinit {
    let loop = loop
    Task { await loop.shutdown(grace: .zero) }
  }

  /// Messages that came and were none of this protocol.
  public var malformed: Int { refused.load(ordering: .relaxed) }

  /// Disconnects, and ends the sequence.
  public func close() async { await loop.shutdown(grace: .zero) }

  public func makeAsyncIterator() -> AsyncIterator {
    AsyncIterator(subscriber: self, base: socket.messages.makeAsyncIterator())
  }

  public struct AsyncIterator: AsyncIteratorProtocol {
    let subscriber: StreamSubscriber
    var base: Messages.AsyncIterator
    var gaps = GapDetector()

    public mutating func next() async -> StreamEvent? { await next(isolation: nil) }

    public mutating func next(isolation actor: isolated (any Actor)?) async -> StreamEvent? {
      while let message = await base.next(isolation: actor) {
        guard let parsed = try? StreamMessage(frames: message.payloads) else {
          subscriber.refused.add(1, ordering: .relaxed)
          continue
        }
        guard subscriber.filters.contains(where: { $0.matches(parsed.topic) }) else { continue }
        return StreamEvent(message: parsed, lost: gaps.lost(before: parsed))
      }
      return nil
    }
  }
}
