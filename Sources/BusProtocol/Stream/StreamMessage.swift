import JSONC

/// A message of the stream: topic, header, tensors (masks as `bits`).
public struct StreamMessage: Sendable, Hashable {
  public var topic: Topic
  public var header: StreamHeader
  public var tensors: [Tensor]

  public init(topic: Topic, header: StreamHeader, tensors: [Tensor] = []) {
    self.topic = topic
    self.header = header
    self.tensors = tensors
  }

  /// Reads a message of the stream; members that it does not know are ignored.
  ///
  /// - Throws: `invalid_message` where the frames are none of this protocol.
  public init(frames: [Payload]) throws(ProtocolError) {
    guard frames.count >= 2, let text = String(validating: frames[0].array, as: UTF8.self),
      let topic = Topic(text)
    else { throw .invalidMessage("a topic and a header must come first") }
    let object = try WireHeader.object(frames[1])
    guard let position = object["position"]?.intValue, let time = object["time"]?.stringValue else {
      throw .invalidMessage("position and time are needed")
    }
    self.topic = topic
    header = StreamHeader(
      position: position, topicPosition: object["topic_position"]?.intValue, time: time,
      request: object["request"]?.stringValue, study: object["study"]?.stringValue,
      category: object["category"]?.stringValue, result: object["result"],
      life: object["life"]?.stringValue)
    tensors = try WireHeader.tensors(object, frames: Array(frames.dropFirst(2)))
    header.outputs = tensors.map(\.entry)
  }

  /// Topic, header and tensors as frames.
  ///
  /// - Throws: `internal` where a name in the topic is not valid or a number is not finite.
  public func frames() throws(ProtocolError) -> [Payload] {
    guard let text = topic.text else {
      throw ProtocolError(.internal, "a name in the topic is not valid")
    }
    var header = header
    header.outputs = tensors.map(\.entry)
    return [Payload(text), try WireHeader.payload(header.json)] + tensors.map(\.payload)
  }
}
