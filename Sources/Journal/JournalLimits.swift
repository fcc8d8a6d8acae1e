public import Foundation

/// How much the journal keeps. Bytes are those of the frames and names, with a little for each row;
/// the files are somewhat larger.
public struct JournalLimits: Sendable, Hashable {
  /// Stored answers: past one of these, the oldest go.
  public var answerBytes: Int, answers: Int
  public var answerAge: TimeInterval
  /// Accepted requests that have no answer yet: past this, new ones are refused.
  public var pendingBytes: Int
  /// Published messages: past one of these, the oldest go.
  public var streamBytes: Int, streamMessages: Int
  public var streamAge: TimeInterval
  /// Topics that are counted one by one.
  public var topics: Int

  public init(
    answerBytes: Int = 256 << 20, answers: Int = 10_000, answerAge: TimeInterval = 3600,
    pendingBytes: Int = 1 << 30, streamBytes: Int = 256 << 20, streamMessages: Int = 100_000,
    streamAge: TimeInterval = 7 * 86_400, topics: Int = 50_000
  ) {
    self.answerBytes = answerBytes
    self.answers = answers
    self.answerAge = answerAge
    self.pendingBytes = pendingBytes
    self.streamBytes = streamBytes
    self.streamMessages = streamMessages
    self.streamAge = streamAge
    self.topics = topics
  }
}
