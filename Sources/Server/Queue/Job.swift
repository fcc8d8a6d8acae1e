import BusProtocol
import ZeroMQ

/// A request that is queued or at work.
struct Job: Sendable {
  /// The server's own id of it, used in topics and logs.
  var request: String
  var key: RequestKey
  /// Of the content: the same id with another one is a conflict.
  var digest: ContentDigest
  /// Who asked last.
  var route: Route
  var content: Request
  /// Held image that `image_id` names, resolved on arrival.
  var image: KeyedImage?
  var lane: Lane
  var arrival: ContinuousClock.Instant
  var start: ContinuousClock.Instant?
  /// Bytes that it keeps while it waits.
  var cost: Int
  var progress: ProgressGate

  var deadline: ContinuousClock.Instant? {
    content.header.deadlineMilliseconds.map { arrival + .milliseconds($0) }
  }
}

/// What a job waits for.
enum Lane: Sendable, Hashable {
  /// The model: one after the other, in the queue.
  case model
  /// Only a thread: answered at once, also while the model is busy.
  case light
}
