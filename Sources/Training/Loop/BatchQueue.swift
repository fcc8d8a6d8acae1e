import Foundation
import Synchronization

/// Makes batches on threads of its own, a few ahead of the trainer.
///
/// Batch n is made from seed and n alone, so that a run is the same whatever the threads do.
public final class BatchQueue: Sendable {
  private struct State {
    var ready: [Int: Batch] = [:]
    var nextToMake: Int
    var nextToTake: Int
    var isStopped = false
  }
  private let state: Mutex<State>
  private let changed = DispatchSemaphore(value: 0)
  private let room: DispatchSemaphore
  private let threads: Int

  public init(
    from first: Int, ahead: Int, threads: Int, seed: UInt64,
    make: @escaping @Sendable (inout SeededRandom) -> Batch
  ) {
    state = Mutex(State(nextToMake: first, nextToTake: first))
    // From 0: a semaphore that is freed at a lower value than it was made with stops the program.
    room = DispatchSemaphore(value: 0)
    for _ in 0..<ahead { room.signal() }
    self.threads = threads
    for _ in 0..<threads {
      let thread = Thread { [self] in
        while true {
          room.wait()
          let number: Int? = state.withLock { s in
            if s.isStopped { return nil }
            defer { s.nextToMake += 1 }
            return s.nextToMake
          }
          guard let number else { return }
          var random = SeededRandom(seed: seed &+ UInt64(number) &* 0x9E37_79B9)
          let batch = make(&random)
          state.withLock { $0.ready[number] = batch }
          changed.signal()
        }
      }
      thread.name = "batches"
      thread.stackSize = 8 << 20
      thread.start()
    }
  }

  /// The next batch in order; waits for it.
  public func next() -> Batch {
    while true {
      let batch: Batch? = state.withLock { s in
        guard let batch = s.ready.removeValue(forKey: s.nextToTake) else { return nil }
        s.nextToTake += 1
        return batch
      }
      if let batch {
        room.signal()
        return batch
      }
      changed.wait()
    }
  }

  public func stop() {
    state.withLock { $0.isStopped = true }
    for _ in 0..<threads { room.signal() }
  }
}
