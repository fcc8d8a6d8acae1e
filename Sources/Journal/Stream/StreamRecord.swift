public import Foundation

/// One published message.
public struct StreamRecord: Sendable, Hashable {
  /// Among all messages, from 1.
  public var position: Int
  /// Among the messages of exactly this topic.
  public var topicPosition: Int
  public var topic: String
  /// Header and tensors, without the topic's own frame.
  public var frames: [[UInt8]]
  public var time: Date

  public init(
    position: Int, topicPosition: Int, topic: String, frames: [[UInt8]], time: Date
  ) {
    self.position = position
    self.topicPosition = topicPosition
    self.topic = topic
    self.frames = frames
    self.time = time
  }

  var cost: Int { Tally.row + FrameCoding.count(frames) + topic.utf8.count }
}

/// A piece of the stream as it was kept.
public struct Replay: Sendable, Hashable {
  /// In the order of their positions.
  public var messages: [StreamRecord]
  /// The smallest position still kept, of any topic; the next to be given where none is. What one
  /// missed before it is lost.
  public var oldest: Int
  /// Give this as `from` to go on.
  public var next: Int
  /// There are more of these topics already.
  public var isTruncated: Bool

  public init(messages: [StreamRecord], oldest: Int, next: Int, isTruncated: Bool) {
    self.messages = messages
    self.oldest = oldest
    self.next = next
    self.isTruncated = isTruncated
  }
}
