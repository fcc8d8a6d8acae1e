import FlyingFox
import FlyingSocks

/// The request line of RFC 9112, section 3. No header matters here.
struct RequestHead: Sendable {
  var method: HTTPMethod
  /// Without the query.
  var path: String

  /// - Returns: nil for what is no request of HTTP/1.
  init?(line: some Collection<UInt8>) {
    let parts = String(decoding: line, as: UTF8.self).split(
      separator: " ", omittingEmptySubsequences: false)
    guard parts.count == 3, !parts[0].isEmpty, parts[1].hasPrefix("/"),
      parts[2] == "HTTP/1.1" || parts[2] == "HTTP/1.0"
    else { return nil }
    // Methods are case-sensitive (RFC 9110, 9.1).
    method = HTTPMethod(rawValue: String(parts[0]))
    guard method.rawValue.utf8.allSatisfy((UInt8(ascii: "A")...UInt8(ascii: "Z")).contains) else {
      return nil
    }
    path = String(parts[1].prefix { $0 != "?" })
  }
}

extension AsyncSocket {
  /// Reads to the empty line that ends a request's head.
  ///
  /// - Returns: the bytes before that line; nil when it did not come within `limit` bytes.
  func readHead(within limit: Int) async throws -> ArraySlice<UInt8>? {
    let end = Array("\r\n\r\n".utf8)
    var bytes: [UInt8] = []
    while bytes.count < limit {
      let searched = max(0, bytes.count - end.count + 1)
      bytes += try await read(atMost: limit - bytes.count)
      if let range = bytes[searched...].firstRange(of: end) { return bytes[..<range.lowerBound] }
    }
    return nil
  }
}
