import Dispatch

/// Threads for what computes: decoding images, encoding masks, waiting for the model. So the
/// cooperative pool, which the sockets' messages go through, is never held up.
final class WorkExecutor: TaskExecutor {
  private let queue: DispatchQueue

  init(label: String) { queue = DispatchQueue(label: label, attributes: .concurrent) }

  func enqueue(_ job: consuming ExecutorJob) {
    let unowned = UnownedJob(job)
    queue.async { unowned.runSynchronously(on: self.asUnownedTaskExecutor()) }
  }
}
