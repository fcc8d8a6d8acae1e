import ZeroMQ

/// Who a client is: its CURVE key, or the UUID that it gives, or else its socket's routing id
/// (protocol: Sockets).
struct Owner: Hashable, Sendable {
  /// Different prefixes: no routing id can pass for another client's UUID, and no UUID for a key.
  let text: String

  init(user: String? = nil, client: String?, route: Frame) {
    text =
      user.map { "key " + $0 }
      ?? client.map { "client " + $0.lowercased() }
      ?? "route " + route.bytes.map { String($0, radix: 16) }.joined(separator: "-")
  }

  /// As a journal has kept it.
  init(text: String) { self.text = text }

  /// Whether it is known again over another connection.
  var isLasting: Bool { !text.hasPrefix("route ") }
}

/// A request id belongs to its client.
struct RequestKey: Hashable, Sendable {
  var owner: Owner
  var id: String
}

/// Where a reply goes.
struct Route: Sendable {
  var peer: Frame
  /// An empty frame came first and is mirrored (REQ).
  var isEnveloped: Bool

  func message(_ frames: [Frame]) -> Message {
    Message([peer] + (isEnveloped ? [Frame([])] : []) + frames)
  }
}
