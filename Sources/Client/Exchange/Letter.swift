import ZeroMQ

/// A request as the courier carries it.
struct Letter: Sendable {
  /// Tells it from another that had the same id.
  let serial: Int
  let exchange: Exchange
  /// Sent as it is at each try; libzmq shares the frames.
  let message: Message
  /// Bytes of it.
  let size: Int
  /// Not cancelled with the task that waits: its answer can be asked for later.
  let isDurable: Bool
  let start: Duration
  /// How long its answer is waited for in all.
  let patience: Duration
  var tries: Tries
  /// When it was sent last; nil where the socket that it is to go over is not there yet.
  var sentAt: Duration?
  /// The number of the socket that it was sent over.
  var link = 0
  var timer: Task<Void, Never>?
}
