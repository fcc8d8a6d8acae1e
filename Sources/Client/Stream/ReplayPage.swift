import BusProtocol
import JSONC

/// A page of what was published: the answer to `stream.replay`.
struct ReplayPage: Sendable {
  /// In the order of their positions.
  var messages: [StreamMessage] = []
  /// The first position that the server still has, of any topic.
  var oldest: Int
  /// Up to where it looked.
  var next: Int
  /// There is more after that.
  var isTruncated: Bool

  /// - Throws: `malformedReply`.
  init(_ reply: Reply) throws(ClientError) {
    let result: StreamReplayResult = try reply.result()
    let most = 1 << 53
    (oldest, next) = (min(max(0, result.oldest), most), min(max(0, result.next), most))
    isTruncated = result.truncated
    var outputs = reply.outputs[...]
    for entry in result.messages {
      guard (0...outputs.count).contains(entry.outputs) else {
        throw .malformedReply("a message of the replay misses outputs")
      }
      let message = try Self.message(entry, Array(outputs.prefix(entry.outputs)))
      outputs = outputs.dropFirst(entry.outputs)
      guard message.isCountable, message.header.topicPosition != nil,
        message.header.position > messages.last?.header.position ?? 0
      else { throw .malformedReply("the replay is out of order") }
      messages.append(message)
    }
  }

  private static func message(
    _ entry: StreamReplayResult.Message, _ tensors: [Tensor]
  ) throws(ClientError) -> StreamMessage {
    // The reply's own entries describe the tensors.
    var header = entry.header
    header["outputs"] = nil
    do {
      let frames = [Payload(entry.topic), Payload(try JSONValue.object(header).encoded())]
      var message = try StreamMessage(frames: frames)
      message.tensors = tensors
      message.header.outputs = tensors.map(\.entry)
      return message
    } catch {
      throw .malformedReply("a message of the replay: \(error)")
    }
  }
}
