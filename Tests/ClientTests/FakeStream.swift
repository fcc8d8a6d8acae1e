import BusProtocol
import JSONC
import Synchronization
import ZeroMQ

@testable import Client

/// A server with a stream and a journal of it, which loses on the way what a test says.
final class FakeStream: Sendable {
  private struct State: Sendable {
    var publisher: Endpoint?
    var loop: SocketLoop?
    var journal: [StreamMessage] = []
    var position = 0
    var counts: [Topic: Int] = [:]
    var asked: [StreamReplayParameters] = []
    var refusal: ProtocolError?
    var isMute = false
    var beforeReply: (@Sendable (FakeStream) -> Void)?
  }

  /// A mutex that both this and the request handler have.
  private final class Box: Sendable { let state = Mutex(State()) }

  let endpoint: String
  let requests: FakeServer
  private let keys: FakeKeys?
  private let box: Box
  private let heart: Task<Void, Never>

  init(keys: FakeKeys? = nil) async throws {
    let box = Box()
    self.box = box
    self.keys = keys
    let (loop, publisher) = try await Self.open("tcp://127.0.0.1:*", keys)
    endpoint = publisher.address
    box.state.withLock { ($0.loop, $0.publisher) = (loop, publisher) }
    let whole = Late()
    requests = try await FakeServer(keys: keys) { request, answer in
      guard case .streamReplay(let parameters) = request.parameters else { return }
      let before = box.state.withLock { state in
        state.asked.append(parameters)
        defer { state.beforeReply = nil }
        return state.beforeReply
      }
      if let before, let stream = whole.stream { before(stream) }
      box.state.withLock { state in
        if state.isMute { return }
        if let refusal = state.refusal { return answer(request.error(refusal)) }
        answer(Self.page(parameters, of: state, request))
      }
    }
    heart = Task {
      while !Task.isCancelled {
        box.state.withLock { state in
          guard let message = try? Self.heartbeat(state.position) else { return }
          state.publisher?.send(message)
        }
        try? await Task.sleep(for: .milliseconds(20))
      }
    }
    whole.set(self)
  }

  private final class Late: Sendable {
    private struct Weak: Sendable { weak var stream: FakeStream? }
    private let box = Mutex(Weak())
    var stream: FakeStream? { box.withLock { $0.stream } }
    func set(_ stream: FakeStream) { box.withLock { $0.stream = stream } }
  }

  private static func open(
    _ endpoint: String, _ keys: FakeKeys?
  ) async throws -> (SocketLoop, Endpoint) {
    let loop = try SocketLoop(context: try keys?.context ?? Context(), name: "fake-publisher")
    var options = SocketOptions()
    options.curve = keys?.curve
    return (loop, try await loop.bind(.xpub, at: endpoint, options: options))
  }

  private static func heartbeat(_ position: Int) throws -> Message {
    let header = StreamHeader(position: position, time: "2026-11-21T00:00:00Z")
    return Message(
      try StreamMessage(topic: .heartbeat, header: header).frames().map { Frame($0.array) })
  }

  private static func page(
    _ parameters: StreamReplayParameters, of state: State, _ request: Request
  ) -> [Payload] {
    let wanted = state.journal.filter { message in
      message.header.position > parameters.from
        && (parameters.topics ?? [""]).contains { (message.topic.text ?? "").hasPrefix($0) }
    }
    let page = wanted.prefix(parameters.limit ?? 100)
    let isTruncated = page.count < wanted.count
    let result: JSONValue = [
      "messages": .array(
        page.map { message in
          [
            "topic": .string(message.topic.text ?? ""), "header": .object(message.header.json),
            "outputs": JSONValue(message.tensors.count),
          ]
        }),
      "oldest": JSONValue(state.journal.first?.header.position ?? state.position + 1),
      "next": JSONValue(isTruncated ? page.last?.header.position ?? 0 : state.position),
      "truncated": .bool(isTruncated),
    ]
    return request.ok(result, page.flatMap(\.tensors))
  }

  /// Numbers a message and keeps it; what is lost is not sent.
  func publish(_ topic: Topic = StreamLedgerTests.liver, isLost: Bool = false) {
    box.state.withLock { state in
      state.position += 1
      state.counts[topic, default: 0] += 1
      var message = StreamMessage(
        topic: topic,
        header: StreamHeader(
          position: state.position, topicPosition: state.counts[topic],
          time: "2026-11-21T00:00:00Z"),
        tensors: [
          Tensor(name: "mask", datatype: .uint8, shape: [1], bytes: [UInt8(state.position % 251)])
        ])
      message.header.outputs = message.tensors.map(\.entry)
      state.journal.append(message)
      guard !isLost, let frames = try? message.frames() else { return }
      state.publisher?.send(Message(frames.map { Frame($0.array) }))
    }
  }

  func expire(through position: Int) {
    box.state.withLock { state in state.journal.removeAll { $0.header.position <= position } }
  }

  func refuse(_ error: ProtocolError?) { box.state.withLock { $0.refusal = error } }
  func mute() { box.state.withLock { $0.isMute = true } }
  /// Runs once, when a replay is asked for next and before it is answered.
  func beforeReply(_ body: @escaping @Sendable (FakeStream) -> Void) {
    box.state.withLock { $0.beforeReply = body }
  }

  var asked: [StreamReplayParameters] { box.state.withLock { $0.asked } }

  /// The publishing socket dies.
  func stop(forgetting: Bool = false) async {
    let loop = box.state.withLock { state in
      defer { (state.loop, state.publisher) = (nil, nil) }
      if forgetting { (state.journal, state.position, state.counts) = ([], 0, [:]) }
      return state.loop
    }
    await loop?.shutdown(grace: .zero)
  }

  /// And comes back, on its port.
  func restart() async throws {
    let (loop, publisher) = try await Self.open(endpoint, keys)
    box.state.withLock { ($0.loop, $0.publisher) = (loop, publisher) }
  }

  func close() async {
    heart.cancel()
    await heart.value
    await stop()
    await requests.close()
  }
}

/// What a subscriber gave out so far, heartbeats left out.
final class Collector: Sendable {
  private let events = Mutex<[StreamEvent]>([])
  private let hasEnded = Atomic(false)
  private let task = Mutex<Task<Void, Never>?>(nil)

  init(_ subscriber: StreamSubscriber) {
    let task = Task { [weak self] in
      for await event in subscriber where event.message.topic != .heartbeat {
        self?.events.withLock { $0.append(event) }
      }
      self?.hasEnded.store(true, ordering: .releasing)
    }
    self.task.withLock { $0 = task }
  }

  var all: [StreamEvent] { events.withLock { $0 } }
  var positions: [Int] { all.map(\.message.header.position) }
  var replayed: [Int] { all.filter(\.isReplayed).map(\.message.header.position) }
  var isEnded: Bool { hasEnded.load(ordering: .acquiring) }
  func cancel() { task.withLock { $0?.cancel() } }
}
