import CZeroMQ
import Dispatch
import Foundation
import Synchronization

/// A thread that is an actor's executor: between jobs it sleeps in `zmq_poll`, woken by an eventfd.
///
/// So the actor's state, sockets among it, is only touched on that one thread, as libzmq wants it,
/// and the compiler checks it.
final class PollThread: SerialExecutor {
  private struct State: Sendable {
    var jobs: [UnownedJob] = []
    var isEnded = false
  }
  private let state = Mutex(State())
  /// The eventfd that ends a sleep.
  let wakeDescriptor: Int32
  private let identity = Atomic<UInt>(0)
  /// Runs what is enqueued after the thread has ended; no socket is left by then.
  private let afterwards = DispatchQueue(label: "zeromq.after")

  init() throws(ZMQError) {
    wakeDescriptor = eventfd(0, Int32(EFD_NONBLOCK | EFD_CLOEXEC))
    guard wakeDescriptor >= 0 else { throw ZMQError(call: "eventfd", code: errno) }
  }

  deinit { close(wakeDescriptor) }

  func enqueue(_ job: consuming ExecutorJob) {
    let unowned = UnownedJob(job)
    let runsHere: Bool? = state.withLock { state in
      if state.isEnded { return nil }
      state.jobs.append(unowned)
      return state.jobs.count == 1
    }
    switch runsHere {
    case nil: afterwards.async { unowned.runSynchronously(on: self.asUnownedSerialExecutor()) }
    case true?: wake()
    case false?: break
    }
  }

  /// Ends the current or next sleep. From any thread.
  func wake() { eventfd_write(wakeDescriptor, 1) }

  /// Takes note of the wake-ups so far. On the thread.
  func drainWakes() {
    var count: eventfd_t = 0
    eventfd_read(wakeDescriptor, &count)
  }

  func checkIsolated() {
    precondition(isIsolatingCurrentContext() == true, "not on the poll thread")
  }

  func isIsolatingCurrentContext() -> Bool? {
    identity.load(ordering: .relaxed) == UInt(pthread_self())
  }

  /// Starts the thread: `turn` sleeps and serves the sockets once, and says whether to go on.
  func start(name: String, turn: @escaping @Sendable () -> Bool) {
    let thread = Thread { [self] in
      identity.store(UInt(pthread_self()), ordering: .relaxed)
      while turn() {
        for job in takeJobs() { job.runSynchronously(on: asUnownedSerialExecutor()) }
      }
      while let rest = takeLastJobs() {
        for job in rest { job.runSynchronously(on: asUnownedSerialExecutor()) }
      }
      identity.store(0, ordering: .relaxed)
    }
    thread.name = name
    thread.start()
  }

  private func takeJobs() -> [UnownedJob] {
    state.withLock { state in
      defer { state.jobs = [] }
      return state.jobs
    }
  }

  /// The jobs that are still there; nil when there are none, and then the thread counts as ended.
  private func takeLastJobs() -> [UnownedJob]? {
    state.withLock { state in
      if state.jobs.isEmpty {
        state.isEnded = true
        return nil
      }
      defer { state.jobs = [] }
      return state.jobs
    }
  }
}
