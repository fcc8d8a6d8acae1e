import Dispatch

/// Work on whole volumes, which takes long and never waits: off the cooperative threads.
enum Background {
  private static let queue = DispatchQueue(
    label: "segsam.volumes", qos: .userInitiated, attributes: .concurrent)

  static func run<R: Sendable>(_ body: @escaping @Sendable () throws -> R) async throws -> R {
    try Task.checkCancellation()
    return try await withCheckedThrowingContinuation { continuation in
      queue.async { continuation.resume(with: Result(catching: body)) }
    }
  }
}
