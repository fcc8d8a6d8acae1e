public import BusProtocol

/// A message of the stream, and whether others were lost before it.
public struct StreamEvent: Sendable, Hashable {
  public var message: StreamMessage
  /// Messages that were lost since the one before: for good, where the subscriber resumes; else
  /// `stream.replay` has them. Of exactly this topic, as `topic_position` tells. For a subscriber of
  /// `.all` that resumes: of any topic, as `position` tells.
  public var lost: Int
  /// What came before was asked for, and the server had so many positions of the stream no more, of
  /// any topic: at most so many of the wanted messages are lost with them.
  public var expired: Int = 0
  /// It did not come live, but by `stream.replay`.
  public var isReplayed = false
}
