import FlyingSocks

/// An address to listen on, such as `127.0.0.1:9464` or `[::1]:9464`.
public struct HostPort: Sendable, Hashable, CustomStringConvertible {
  /// A literal of IPv4, or of IPv6 without its brackets.
  public let host: String
  /// 0 asks for any free one.
  public let port: UInt16

  /// Reads an address. Names are not looked up: that can block, and bind to a surprise.
  ///
  /// - Throws: ``TelemetryError/Code/badAddress``.
  public init(_ text: String) throws(TelemetryError) {
    let bad = TelemetryError(
      .badAddress,
      "'\(text.prefix(80))' is no address; write 127.0.0.1:9464 or [::1]:9464 (an IP address and "
        + "a port, 0 for any free one)")
    guard let colon = text.lastIndex(of: ":") else { throw bad }
    let digits = text[text.index(after: colon)...]
    guard digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
      let port = UInt16(digits)
    else { throw bad }
    var host = text[..<colon]
    if host.hasPrefix("["), host.hasSuffix("]") {
      host = host.dropFirst().dropLast()
      guard host.contains(":") else { throw bad }
    } else if host.contains(":") {
      throw bad
    }
    self.init(host: String(host), port: port)
    // A NUL would end the text for C.
    guard !host.utf8.contains(0), (try? socketAddress) != nil else { throw bad }
  }

  init(host: String, port: UInt16) {
    self.host = host
    self.port = port
  }

  public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

  var socketAddress: any SocketAddress {
    get throws {
      host.contains(":")
        ? try .inet6(ip6: host, port: port) : try .inet(ip4: host, port: port)
    }
  }
}
