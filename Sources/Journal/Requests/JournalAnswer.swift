public import Foundation

/// The final reply to a request, to be sent again when the request is repeated.
public struct JournalAnswer: Sendable, Hashable {
  /// Of the request's content.
  public var digest: [UInt8]
  /// Header and outputs, without route and envelope.
  public var frames: [[UInt8]]
  public var time: Date

  public init(digest: [UInt8], frames: [[UInt8]], time: Date) {
    self.digest = digest
    self.frames = frames
    self.time = time
  }

  func cost(under key: JournalKey) -> Int {
    Tally.row + FrameCoding.count(frames) + digest.count + key.owner.utf8.count
      + key.id.utf8.count
  }
}
