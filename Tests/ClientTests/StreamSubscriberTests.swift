import BusProtocol
import Client
import Foundation
import JSONC
import Testing
import ZeroMQ

@Suite(.timeLimit(.minutes(1))) struct StreamSubscriberTests {
  static func message(_ topic: Topic, _ position: Int, _ inTopic: Int?) throws -> Message {
    let message = StreamMessage(
      topic: topic,
      header: StreamHeader(
        position: position, topicPosition: inTopic, time: "2026-11-21T00:00:00Z"),
      tensors: [Tensor(name: "mask", datatype: .uint8, shape: [1], bytes: [0x80])])
    return Message(try message.frames().map { Frame($0.array) })
  }

  /// Publishes when the subscriptions have come, and gives what the subscriber got of it.
  static func received(
    _ filters: [TopicFilter], _ messages: [Message], count: Int
  ) async throws -> (events: [StreamEvent], malformed: Int) {
    let loop = try SocketLoop(name: "fake-publisher")
    let publisher = try await loop.open(.xpub, at: [.bind("tcp://127.0.0.1:*")])
    let subscriber = try await StreamSubscriber(endpoint: publisher.address, filters)
    var waiting = Set(filters).count
    for await _ in publisher.messages {
      waiting -= 1
      if waiting == 0 { break }
    }
    for message in messages { publisher.send(message) }
    var events: [StreamEvent] = []
    if count > 0 {
      for await event in subscriber {
        events.append(event)
        if events.count == count { break }
      }
    }
    let malformed = subscriber.malformed
    await subscriber.close()
    await loop.shutdown(grace: .zero)
    return (events, malformed)
  }

  @Test func gapsAreSeenWithinATopic() async throws {
    let (liver, spleen) = (
      Topic.result(study: "s", category: "liver"), Topic.result(study: "s", category: "spleen")
    )
    let (events, _) = try await Self.received(
      [.all],
      [
        Self.message(liver, 1, 5), Self.message(spleen, 2, 1), Self.message(liver, 3, 6),
        Self.message(.heartbeat, 3, nil), Self.message(liver, 9, 10), Self.message(spleen, 10, 2),
        Self.message(spleen, 1, 1), Self.message(spleen, 2, .max), Self.message(spleen, 2, .min),
      ], count: 9)
    #expect(events.map(\.lost) == [0, 0, 0, 0, 3, 0, 0, .max - 2, 0])
    #expect(events.map(\.message.header.position) == [1, 2, 3, 3, 9, 10, 1, 2, 2])
    #expect(events.first?.message.topic == liver)
    #expect(events.first?.message.tensors.first?.payload.array == [0x80])
  }

  @Test("libzmq matches prefixes; the subscriber exactly what was meant")
  func filters() async throws {
    let (events, _) = try await Self.received(
      [.results(study: "a"), .progress(request: "7"), .report(study: "a")],
      [
        Self.message(.result(study: "ab", category: "liver"), 1, 1),
        Self.message(.progress(request: "77"), 2, 1), Self.message(.report(study: "ab"), 3, 1),
        Self.message(.heartbeat, 3, nil), Self.message(.progress(request: "7"), 4, 1),
        Self.message(.result(study: "a", category: "liver"), 5, 1),
        Self.message(.report(study: "a"), 6, 1),
      ], count: 3)
    #expect(events.map(\.message.header.position) == [4, 5, 6])
  }

  @Test func malformedMessagesAreCounted() async throws {
    let (events, malformed) = try await Self.received(
      [.all],
      [
        Message("heartbeat"), Message("heartbeat", "{"), Message("nonsense", "{}"),
        Self.message(.heartbeat, 1, nil),
      ], count: 1)
    #expect(events.count == 1)
    #expect(malformed == 3)
  }

  @Test func closingEndsTheSequence() async throws {
    let subscriber = try await StreamSubscriber(endpoint: "tcp://127.0.0.1:9", [.heartbeat])
    let task = Task {
      var count = 0
      for await _ in subscriber { count += 1 }
      return count
    }
    await subscriber.close()
    #expect(await task.value == 0)
  }
}
