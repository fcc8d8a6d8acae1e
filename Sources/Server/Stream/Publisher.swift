import BusProtocol
import Foundation
import JSONC
import Synchronization
import ZeroMQ

/// What is to go to the stream; its positions and time come when it goes.
struct StreamDraft: Sendable {
  var topic: Topic
  var request: String?
  var study: String?
  var category: String?
  var result: JSONValue?
  var tensors: [Tensor] = []
}

/// The stream's numbering: one position for all messages, one for each topic. From any thread.
final class Publisher: Sendable {
  private struct TopicCount: Sendable {
    var position: Int
    var lastUse: Int
  }
  private struct State: Sendable {
    var position = 0
    var topics: [String: TopicCount] = [:]
    /// The highest count of a topic that was forgotten for want of room: those that come new start
    /// there, so that no count ever goes back.
    var floor = 0
  }

  private let state = Mutex(State())
  private let endpoint: Endpoint
  private let topicCapacity: Int

  init(endpoint: Endpoint, topicCapacity: Int) {
    self.endpoint = endpoint
    self.topicCapacity = max(1, topicCapacity)
  }

  /// Of the last message; 0 before the first.
  var position: Int { state.withLock { $0.position } }

  func publish(_ draft: StreamDraft) {
    guard let topic = draft.topic.text else { return }
    let tensors = draft.tensors.map(\.payload.frame)
    // Sent under the lock: positions reach the socket in their order.
    state.withLock { state in
      state.position += 1
      let header = StreamHeader(
        position: state.position, topicPosition: count(topic, in: &state), time: Self.now,
        request: draft.request, study: draft.study, category: draft.category,
        result: draft.result, outputs: draft.tensors.map(\.entry))
      guard let frame = header.frame else { return }
      endpoint.send(Message([Frame(topic), frame] + tensors))
    }
  }

  /// Says that the server lives, with the last position.
  func heartbeat() {
    state.withLock { state in
      let header = StreamHeader(position: state.position, time: Self.now)
      guard let topic = Topic.heartbeat.text, let frame = header.frame else { return }
      endpoint.send(Message([Frame(topic), frame]))
    }
  }

  /// A topic that will not come again.
  func forget(_ topic: Topic) {
    guard let text = topic.text else { return }
    state.withLock { $0.topics[text] = nil }
  }

  private func count(_ topic: String, in state: inout State) -> Int {
    let next = (state.topics[topic]?.position ?? state.floor) + 1
    state.topics[topic] = TopicCount(position: next, lastUse: state.position)
    if state.topics.count > topicCapacity {
      // An eighth at a time, so that the search is not made for every message.
      let oldest = state.topics.sorted { $0.value.lastUse < $1.value.lastUse }
        .prefix(max(1, topicCapacity / 8))
      for (name, count) in oldest where name != topic {
        state.floor = max(state.floor, count.position)
        state.topics[name] = nil
      }
    }
    return next
  }

  private static var now: String {
    Date.now.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
  }
}
