import BusProtocol
import JSONC
import Journal

/// Answers `stream.replay`. Waits for the disk.
struct ReplayWork: Sendable {
  var journal: StreamJournal
  var limits: ProtocolLimits
  var budget: SegmentService.Budget

  func answer(_ parameters: StreamReplayParameters) throws -> Answer {
    // Headers, and what is said of the outputs, have to find room in the reply's own header.
    let bytes = min(budget.replyBytes, 64 << 20)
    var replay = try journal.replay(
      from: parameters.from, topics: parameters.topics,
      limit: parameters.limit ?? limits.replayMessages, bytes: bytes)
    var answer = Answer(result: [:])
    var messages: [JSONValue] = []
    var headerBytes = 4096
    for (n, message) in replay.messages.enumerated() {
      guard let first = message.frames.first else { continue }
      // Once as it was, and once more its outputs.
      headerBytes += 2 * first.count + message.topic.utf8.count + 64
      if n > 0, headerBytes > limits.headerBytes {
        replay.next = replay.messages[n - 1].position
        replay.isTruncated = true
        break
      }
      let parsed = try StreamMessage(
        frames: [Payload(message.topic)] + message.frames.map { Payload($0) })
      messages.append([
        "topic": .string(message.topic), "header": .object(parsed.header.json),
        "outputs": JSONValue(parsed.tensors.count),
      ])
      answer.outputs += parsed.tensors
    }
    answer.result = [
      "messages": .array(messages), "oldest": JSONValue(replay.oldest),
      "next": JSONValue(replay.next), "truncated": JSONValue(replay.isTruncated),
    ]
    return answer
  }
}
