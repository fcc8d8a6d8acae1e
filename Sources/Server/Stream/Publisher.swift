import BusProtocol
import Dispatch
import Foundation
import JSONC
import Journal
import Synchronization
import Telemetry
import ZeroMQ

/// What is to go to the stream; its positions and time come when it goes.
struct StreamDraft: Sendable {
  var topic: Topic
  var request: String?
  var study: String?
  var category: String?
  var result: JSONValue?
  var tensors: [Tensor] = []

  var cost: Int { tensors.reduce(1024) { $0 + $1.payload.count } }
}

/// Numbers messages by the journal, one position for all and one for each topic, keeps them there for
/// `stream.replay`, and sends them: in the order of the calls, on a thread of its own, since the
/// journal waits for the disk. From any thread.
///
/// Where the journal cannot be written, as on a full disk, messages still go out, under the last
/// position and without one of their topic: who listens loses nothing, but they cannot be replayed.
final class Publisher: Sendable {
  /// Where a core is scarce, the reply to who asked goes first.
  private let queue = DispatchQueue(label: "segsam.stream", qos: .utility)
  private let endpoint: Endpoint
  let journal: StreamJournal
  private let failed: @Sendable (any Error) -> Void
  private let metrics: ServerMetrics?
  private let waiting = Atomic<Int>(0)
  private let refused = Atomic<Int>(0)
  /// Of what waits for the journal; past it messages are lost.
  private let mostBytes: Int

  init(
    endpoint: Endpoint, journal: StreamJournal, mostBytes: Int = 64 << 20,
    metrics: ServerMetrics? = nil, failed: @escaping @Sendable (any Error) -> Void = { _ in }
  ) {
    self.endpoint = endpoint
    self.journal = journal
    self.mostBytes = mostBytes
    self.failed = failed
    self.metrics = metrics
  }

  /// Of the last message; 0 before the first.
  var position: Int { journal.position }

  /// Messages that found no room, here or with libzmq.
  var dropped: Int { endpoint.undelivered + refused.load(ordering: .relaxed) }

  /// - Returns: false where too much waits already: the message is lost.
  @discardableResult
  func publish(_ draft: StreamDraft) -> Bool {
    let cost = draft.cost
    guard waiting.load(ordering: .relaxed) + cost <= mostBytes else {
      refused.add(1, ordering: .relaxed)
      return false
    }
    waiting.add(cost, ordering: .relaxed)
    let now = Date()
    queue.async {
      self.send(draft, time: now)
      self.waiting.subtract(cost, ordering: .relaxed)
    }
    return true
  }

  /// Runs what may wait for the disk, once all that was published before is with the journal. What it
  /// publishes goes at once; false where the journal could not keep it.
  func afterwards(
    _ body: @escaping @Sendable (_ publish: (StreamDraft) -> Bool) -> Void
  ) {
    queue.async { body { self.send($0, time: Date()) } }
  }

  /// Says that the server lives, with the last position.
  func heartbeat() {
    queue.async { [endpoint, journal] in
      let header = StreamHeader(
        position: journal.position, time: Self.text(Date()),
        life: String(journal.life, radix: 16))
      guard let topic = Topic.heartbeat.text, let frame = header.frame else { return }
      endpoint.send(Message([Frame(topic), frame]))
    }
  }

  /// A topic that will not come again.
  func forget(_ topic: Topic) {
    guard let text = topic.text else { return }
    queue.async { [journal, failed] in
      do { try journal.forget(topic: text) } catch { failed(error) }
    }
  }

  /// Returns once all that was published before is with the socket.
  func flush() async {
    await withCheckedContinuation { continuation in queue.async { continuation.resume() } }
  }

  /// - Returns: whether it can be replayed.
  @discardableResult
  private func send(_ draft: StreamDraft, time: Date) -> Bool {
    guard let topic = draft.topic.text else { return false }
    metrics?.streamMessages.increment()
    let tensors = draft.tensors.map(\.payload.frame)
    func header(_ position: Int, _ topicPosition: Int?) throws -> Frame {
      let header = StreamHeader(
        position: position, topicPosition: topicPosition, time: Self.text(time),
        request: draft.request, study: draft.study, category: draft.category,
        result: draft.result, outputs: draft.tensors.map(\.entry))
      guard let frame = header.frame else {
        throw ProtocolError(.internal, "a result for the stream holds a number that is none")
      }
      return frame
    }
    do {
      let record = try journal.append(topic: topic, time: time) { position, count in
        try [header(position, count).bytes] + tensors.map(\.bytes)
      }
      endpoint.send(Message([Frame(topic), Frame(record.frames[0])] + tensors))
      return true
    } catch {
      failed(error)
      guard let frame = try? header(journal.position, nil) else { return false }
      endpoint.send(Message([Frame(topic), frame] + tensors))
      return false
    }
  }

  private static func text(_ time: Date) -> String {
    time.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
  }
}
