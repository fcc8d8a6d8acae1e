import Foundation
import Synchronization

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

/// One HTTP request and its answer, bounded in time and bytes. Redirections are not followed: a key
/// goes to the address that was given and to no other.
enum HTTPExchange {
  static func send(
    _ request: URLRequest, timeout: Duration, limit: Int
  ) async throws(DescribeError) -> (status: Int, body: Data) {
    let seconds = Double(timeout.components.seconds) + Double(timeout.components.attoseconds) / 1e18
    var request = request
    request.timeoutInterval = max(seconds, 0.001)
    let receiver = Receiver(limit: limit)
    let session = URLSession(
      configuration: .ephemeral, delegate: receiver, delegateQueue: nil)
    defer { session.invalidateAndCancel() }
    let task = session.dataTask(with: request)
    let address = request.url?.absoluteString ?? ""
    // URLSession's own limit counts from the last byte that came.
    let clock = Task {
      try await Task.sleep(for: timeout)
      receiver.stop(DescribeError(.timedOut, "\(address) did not answer within \(timeout)"))
      task.cancel()
    }
    defer { clock.cancel() }
    let outcome = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        receiver.start(continuation)
        task.resume()
      }
    } onCancel: {
      receiver.stop(DescribeError(.unreachable, "the request was cancelled"))
      task.cancel()
    }
    return try outcome.get()
  }
}

extension HTTPExchange {
  typealias Outcome = Result<(status: Int, body: Data), DescribeError>

  private struct State {
    var continuation: CheckedContinuation<Outcome, Never>?
    var early: Outcome?
    var status = 0
    var body = Data()
  }

  /// Gathers the answer; the first outcome counts.
  private final class Receiver: NSObject, URLSessionDataDelegate, Sendable {
    let limit: Int
    let state = Mutex(State())

    init(limit: Int) { self.limit = limit }

    func start(_ continuation: CheckedContinuation<Outcome, Never>) {
      let early = state.withLock { state in
        if state.early == nil { state.continuation = continuation }
        return state.early
      }
      if let early { continuation.resume(returning: early) }
    }

    func stop(_ error: DescribeError) { finish(.failure(error)) }

    private func finish(_ outcome: Outcome) {
      let waiting = state.withLock { state in
        defer { state.continuation = nil }
        if state.early == nil { state.early = outcome }
        return state.continuation
      }
      waiting?.resume(returning: outcome)
    }

    func urlSession(
      _ session: URLSession, task: URLSessionTask,
      willPerformHTTPRedirection response: HTTPURLResponse, newRequest request: URLRequest,
      completionHandler: @escaping @Sendable (URLRequest?) -> Void
    ) {
      completionHandler(nil)
    }

    func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
      let count = state.withLock { state in
        if state.body.count <= limit { state.body.append(data) }
        return state.body.count
      }
      if count > limit {
        stop(DescribeError(.badAnswer, "the endpoint's answer is larger than \(limit) bytes"))
        dataTask.cancel()
      }
    }

    func urlSession(
      _ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?
    ) {
      let address = task.originalRequest?.url?.absoluteString ?? "the endpoint"
      if let error {
        let code = (error as? URLError)?.code
        finish(
          .failure(
            code == .timedOut
              ? DescribeError(.timedOut, "\(address) did not answer in time")
              : DescribeError(
                .unreachable, "\(address) cannot be reached: \(error.localizedDescription)")))
      } else {
        let status = (task.response as? HTTPURLResponse)?.statusCode ?? 0
        let body = state.withLock { $0.body }
        finish(.success((status, body)))
      }
    }
  }
}
