import BusProtocol
import JSONC
import Synchronization
import ZeroMQ

/// Carries a request's progress from the engine's threads to its client and to the stream, and
/// shuts before the final reply, so that nothing comes after that.
final class ProgressGate: Sendable {
  private struct State: Sendable {
    /// Set where the client asked for progress.
    var route: Route?
    var isShut = false
    var last: ContinuousClock.Instant?
  }

  private let state = Mutex(State())
  private let id: String, request: String
  private let router: Endpoint
  private let publisher: Publisher
  /// What is answered at once is no news for the stream.
  private let isPublic: Bool
  /// Faster news would cost more than it tells.
  private static let pause = Duration.milliseconds(50)

  init(
    id: String, request: String, router: Endpoint, publisher: Publisher, isPublic: Bool = true
  ) {
    self.isPublic = isPublic
    self.id = id
    self.request = request
    self.router = router
    self.publisher = publisher
  }

  /// Has `accepted` and `partial` replies sent there, from now on.
  func tell(_ route: Route) {
    state.withLock { state in
      guard !state.isShut else { return }
      state.route = route
      send(ReplyHeader(id: id, request: request, status: .accepted), to: route)
    }
  }

  /// From any thread.
  func advance(done: Int, of total: Int) {
    let now = ContinuousClock.now
    state.withLock { state in
      if state.isShut { return }
      if let last = state.last, now - last < Self.pause, done < total { return }
      state.last = now
      // The last word on the stream follows at once: nothing is told by "all of it runs" before it.
      let isTold = done < total
      if !isTold && state.route == nil { return }
      let result: JSONValue = [
        "state": "running", "done": JSONValue(done), "total": JSONValue(total),
      ]
      if isTold {
        publisher.publish(
          StreamDraft(topic: .progress(request: request), request: request, result: result))
      }
      if let route = state.route {
        send(
          ReplyHeader(id: id, request: request, status: .partial, result: result), to: route)
      }
    }
  }

  /// Nothing is sent after this returns, but the last word on the stream.
  ///
  /// - Returns: false where it was shut before.
  func shut() -> Bool {
    state.withLock { state in
      defer { state.isShut = true }
      return !state.isShut
    }
  }

  /// The last word on the stream: how the request ended.
  func publishLast(_ outcome: String) {
    guard isPublic else { return }
    let topic = Topic.progress(request: request)
    publisher.publish(
      StreamDraft(topic: topic, request: request, result: ["state": .string(outcome)]))
    publisher.forget(topic)
  }

  private func send(_ header: ReplyHeader, to route: Route) {
    guard let frame = header.frame else { return }
    router.send(route.message([frame]))
  }
}
