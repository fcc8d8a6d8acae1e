import ZeroMQ

/// Who a client is: the UUID that it gives, or else its socket's routing id (protocol: Sockets).
struct Owner: Hashable, Sendable {
  private let text: String

  init(client: String?, route: Frame) {
    // Different prefixes: no routing id can pass for another client's UUID.
    text =
      client.map { "client " + $0.lowercased() }
      ?? "route " + route.bytes.map { String($0, radix: 16) }.joined(separator: "-")
  }
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
