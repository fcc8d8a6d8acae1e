import Dispatch
import Glibc
import Telemetry

/// A connection to a loopback port, in plain system calls on a queue of its own: they block.
final class RawClient: Sendable {
  private let descriptor: Int32
  private let queue = DispatchQueue(label: "raw-client")

  struct Failure: Error {
    var call: String
    var number: Int32
  }

  init(to address: HostPort) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var target = sockaddr_in()
    target.sin_family = sa_family_t(AF_INET)
    target.sin_port = address.port.bigEndian
    inet_pton(AF_INET, address.host, &target.sin_addr)
    // A test that waits for nothing fails, rather than stays.
    var patience = timeval(tv_sec: 30, tv_usec: 0)
    let size = socklen_t(MemoryLayout<timeval>.size)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, size)
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, size)
    let result = withUnsafePointer(to: &target) { target in
      target.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    if result != 0 {
      let number = errno
      close(descriptor)
      throw Failure(call: "connect", number: number)
    }
  }

  deinit { close(descriptor) }

  /// Sends what the other side takes.
  func send(_ text: String) async {
    await onQueue {
      var bytes = Array(text.utf8)[...]
      while !bytes.isEmpty {
        let sent = bytes.withUnsafeBytes {
          Glibc.send(self.descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
        }
        if sent <= 0 { return }
        bytes = bytes.dropFirst(sent)
      }
    }
  }

  /// All that comes until the other side closes; nil where it did not within half a minute, or where
  /// it reset the connection, which may cost a client the answer.
  func receive() async -> String? {
    await onQueue {
      var all: [UInt8] = []
      var buffer = [UInt8](repeating: 0, count: 4096)
      while true {
        let count = recv(self.descriptor, &buffer, buffer.count, 0)
        if count < 0 { return nil }
        if count == 0 { return String(decoding: all, as: UTF8.self) }
        all += buffer.prefix(count)
      }
    }
  }

  private func onQueue<R: Sendable>(_ body: @escaping @Sendable () -> R) async -> R {
    await withCheckedContinuation { continuation in
      queue.async { continuation.resume(returning: body()) }
    }
  }

  /// One request on a connection of its own.
  static func ask(_ address: HostPort, _ request: String) async throws -> RawReply {
    let client = try RawClient(to: address)
    await client.send(request)
    return RawReply(await client.receive() ?? "")
  }

  static func get(_ address: HostPort, _ path: String, method: String = "GET") async throws
    -> RawReply
  {
    try await ask(address, "\(method) \(path) HTTP/1.1\r\nHost: x\r\n\r\n")
  }
}

/// A reply of HTTP, taken apart by a reader that knows just enough of it.
struct RawReply {
  var status = 0
  var headers: [String: String] = [:]
  var body = ""

  init(_ text: String) {
    guard let end = text.firstRange(of: "\r\n\r\n") else { return }
    let lines = text[..<end.lowerBound].split(separator: "\r\n")
    status = lines.first.flatMap { Int($0.split(separator: " ")[1]) } ?? 0
    for line in lines.dropFirst() {
      guard let colon = line.firstIndex(of: ":") else { continue }
      headers[line[..<colon].lowercased()] = String(line[line.index(colon, offsetBy: 2)...])
    }
    body = String(text[end.upperBound...])
  }
}
