import FlyingFox
import Synchronization

/// What there is to read, by path.
final class Pages: Sendable {
  let readiness = Mutex(Readiness.starting)
  private let metrics: MetricRegistry

  init(metrics: MetricRegistry) { self.metrics = metrics }

  func page(for head: RequestHead) async -> Page {
    guard ["/metrics", "/healthz", "/readyz"].contains(head.path) else { return Page(.notFound) }
    guard head.method == .GET else { return Page(.methodNotAllowed, headers: ["Allow: GET"]) }
    switch head.path {
    case "/metrics":
      return Page(.ok, await metrics.exposition(), type: MetricRegistry.contentType)
    case "/readyz":
      let readiness = readiness.withLock { $0 }
      return Page(
        readiness == .ready ? .ok : .serviceUnavailable, "\(readiness.rawValue)\n")
    default:
      return Page(.ok, "ok\n")
    }
  }
}

/// An answer.
struct Page: Sendable {
  var status: HTTPStatusCode
  var body: String
  var type: String
  var headers: [String]

  /// - Parameters:
  ///   - body: the status in words where there is nothing else to say.
  init(
    _ status: HTTPStatusCode, _ body: String? = nil, type: String = "text/plain; charset=utf-8",
    headers: [String] = []
  ) {
    self.status = status
    self.body = body ?? "\(status.phrase.lowercased())\n"
    self.type = type
    self.headers = headers
  }

  /// As it goes over the wire; `HEAD` has headers only (RFC 9110, 9.3.2).
  func message(to method: HTTPMethod?) -> String {
    let head =
      [
        "HTTP/1.1 \(status.code) \(status.phrase)", "Content-Type: \(type)",
        "Content-Length: \(body.utf8.count)", "Cache-Control: no-store",
      ] + headers + ["Connection: close", "", ""]
    return head.joined(separator: "\r\n") + (method == .HEAD ? "" : body)
  }
}
