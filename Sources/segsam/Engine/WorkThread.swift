import Dispatch

/// Runs tasks that compute for long beside the cooperative pool.
final class WorkThread: TaskExecutor {
  static let shared = WorkThread()
  private let queue = DispatchQueue(label: "segsam.work", attributes: .concurrent)

  func enqueue(_ job: consuming ExecutorJob) {
    let unowned = UnownedJob(job)
    queue.async { unowned.runSynchronously(on: self.asUnownedTaskExecutor()) }
  }
}
