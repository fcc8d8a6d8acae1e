public import Foundation

/// A durable request without an answer yet.
public struct PendingRequest: Sendable, Hashable {
  public var key: JournalKey
  /// The server's own id of it.
  public var request: String
  /// Of the content, to tell a repetition from an id used twice.
  public var digest: [UInt8]
  /// Header and inputs.
  public var frames: [[UInt8]]
  public var arrival: Date
  /// How often it was begun: one that was begun often and never finished ends the server, it seems.
  public var tries: Int

  public init(
    key: JournalKey, request: String, digest: [UInt8], frames: [[UInt8]], arrival: Date,
    tries: Int = 0
  ) {
    self.key = key
    self.request = request
    self.digest = digest
    self.frames = frames
    self.arrival = arrival
    self.tries = tries
  }

  var cost: Int {
    Tally.row + FrameCoding.count(frames) + digest.count + key.owner.utf8.count
      + key.id.utf8.count + request.utf8.count
  }
}
