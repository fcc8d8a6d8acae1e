import Imaging
import Synchronization

import class Foundation.DispatchQueue
import class Foundation.DispatchSemaphore

/// Where requests are worked on, so many side by side, never on the cooperative pool.
final class RequestQueue: Sendable {
  private let queue = DispatchQueue(
    label: "segsam.inference", qos: .userInitiated, attributes: .concurrent)
  private let places: DispatchSemaphore

  init(places: Int) { self.places = DispatchSemaphore(value: max(1, places)) }

  func run<R: Sendable>(
    _ body: @escaping @Sendable (StopFlag) throws -> R
  ) async throws -> R {
    let stop = StopFlag()
    return try await withTaskCancellationHandler {
      if EngineThreads.mayBlock { return try inPlace(stop, body) }
      return try await withCheckedThrowingContinuation { continuation in
        queue.async { continuation.resume(with: Result { try self.inPlace(stop, body) }) }
      }
    } onCancel: {
      stop.set()
    }
  }

  /// Each slice of an image in the radiological view, one after another.
  func eachSlice(
    of image: MedicalImage, _ body: @escaping @Sendable (MedicalImage, Int) throws -> Void
  ) async throws {
    try await run { stop in
      let viewed = try AxialView(image).view(image)
      for k in 0..<viewed.depth {
        try stop.check()
        try body(viewed, k)
      }
    }
  }

  private func inPlace<R>(_ stop: StopFlag, _ body: (StopFlag) throws -> R) throws -> R {
    places.wait()
    defer { places.signal() }
    try stop.check()
    return try body(stop)
  }
}

/// Tells work on another thread that nobody waits for it any more.
final class StopFlag: Sendable {
  private let isSet = Atomic<Bool>(false)
  func set() { isSet.store(true, ordering: .relaxed) }
  func check() throws(CancellationError) {
    if isSet.load(ordering: .relaxed) { throw CancellationError() }
  }
}
