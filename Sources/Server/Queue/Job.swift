import BusProtocol
import Imaging
import ZeroMQ

/// A request that is queued or at work.
struct Job: Sendable {
  /// The server's own id of it, used in topics and logs.
  var request: String
  var key: RequestKey
  /// Of the content: the same id with another one is a conflict.
  var digest: ContentDigest
  /// Who asked last; nil for a request of an earlier life that nobody has asked for since.
  var route: Route?
  var content: Request
  /// Of the input image: its key in the engine's cache.
  var imageDigest: ContentDigest?
  /// Held image that `image_id` names, resolved on arrival.
  var image: KeyedImage?
  /// The stored answer that `refine` names, resolved on arrival.
  var earlier: [Frame]? = nil
  var lane: Lane
  var arrival: ContinuousClock.Instant
  var start: ContinuousClock.Instant?
  /// Bytes that it keeps while it waits.
  var cost: Int
  var progress: ProgressGate
  /// Whether it counts against its client's limits.
  var isCounted = false
  var isDurable: Bool { content.header.durable }

  /// What it takes of the model, in slices: a volume's turn counts as many.
  var weight: Double {
    let shape = image?.image.gridShape ?? content.image?.gridShape ?? []
    return shape.count == 3 ? Double(max(1, shape[0])) : 1
  }

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
