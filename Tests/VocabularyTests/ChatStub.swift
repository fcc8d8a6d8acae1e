import Foundation
import Synchronization

#if canImport(Glibc)
  import Glibc
#endif

/// A server on loopback that answers each request with the next of the given answers, the last one
/// again and again. One connection at a time.
final class ChatStub: Sendable {
  struct Answer: Sendable {
    var status = 200
    var headers: [String] = []
    var body: String
    /// Nothing is answered: the connection stays open until the stub ends.
    var silent = false
  }

  let port: UInt16
  private let listener: Int32
  private let seen = Mutex<[String]>([])
  private let held = Mutex<[Int32]>([])

  /// Requests so far, head and body.
  var requests: [String] { seen.withLock { $0 } }
  var address: String { "http://127.0.0.1:\(port)/v1" }

  struct Failure: Error {}

  init(_ answers: [Answer]) throws {
    listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let bound = withUnsafeMutablePointer(to: &address) { [listener] pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(listener, $0, length) == 0 && listen(listener, 8) == 0
          && getsockname(listener, $0, &length) == 0
      }
    }
    port = UInt16(bigEndian: address.sin_port)
    guard bound else { throw Failure() }
    let thread = Thread { [weak self, listener] in
      var rest = answers[...]
      while true {
        let connection = accept(listener, nil, nil)
        guard connection >= 0 else { return }
        guard let answer = rest.count > 1 ? rest.popFirst() : rest.first else { return }
        self?.answer(connection, answer)
      }
    }
    thread.start()
  }

  deinit {
    shutdown(listener, Int32(SHUT_RDWR))
    close(listener)
    for connection in held.withLock({ $0 }) { close(connection) }
  }

  private func answer(_ connection: Int32, _ answer: Answer) {
    var request = Data()
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while !isComplete(request) {
      let count = read(connection, &buffer, buffer.count)
      guard count > 0 else { break }
      request.append(contentsOf: buffer.prefix(count))
    }
    seen.withLock { $0.append(String(decoding: request, as: UTF8.self)) }
    if answer.silent {
      held.withLock { $0.append(connection) }
      return
    }
    let head =
      (["HTTP/1.1 \(answer.status) Stub", "Content-Length: \(answer.body.utf8.count)"]
      + answer.headers + ["Connection: close"]).joined(separator: "\r\n")
    let bytes = Array("\(head)\r\n\r\n\(answer.body)".utf8)
    var sent = 0
    while sent < bytes.count {
      let count = send(
        connection, Array(bytes[sent...]), bytes.count - sent, Int32(MSG_NOSIGNAL))
      guard count > 0 else { break }
      sent += count
    }
    close(connection)
  }

  private func isComplete(_ request: Data) -> Bool {
    let text = String(decoding: request, as: UTF8.self)
    guard let end = text.range(of: "\r\n\r\n") else { return false }
    let length = text[..<end.lowerBound].lowercased().components(separatedBy: "\r\n")
      .first { $0.hasPrefix("content-length:") }
      .flatMap { Int($0.dropFirst(15).trimmingCharacters(in: .whitespaces)) }
    return text[end.upperBound...].utf8.count >= length ?? 0
  }
}
