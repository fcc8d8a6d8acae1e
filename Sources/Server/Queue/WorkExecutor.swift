import Dispatch

/// Threads for what computes: decoding images, encoding masks, waiting for the model. So the
/// cooperative pool, which the sockets' messages go through, is never held up.
final class WorkExecutor: TaskExecutor {
  private let queue: DispatchQueue

  /// - Parameter qos: each has a pool of its own; what blocks in one holds up no other.
  init(label: String, qos: DispatchQoS = .default) {
    queue = DispatchQueue(label: label, qos: qos, attributes: .concurrent)
  }

  func enqueue(_ job: consuming ExecutorJob) {
    let unowned = UnownedJob(job)
    queue.async { unowned.runSynchronously(on: self.asUnownedTaskExecutor()) }
  }
}
