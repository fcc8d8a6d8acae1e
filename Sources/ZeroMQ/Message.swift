/// A whole multipart message. On a ROUTER the first frame is the peer's routing id, both ways.
public struct Message: Sendable, Equatable, ExpressibleByArrayLiteral {
  public var frames: [Frame]
  /// More frames or bytes came than the socket's limits allow; the surplus was dropped.
  public var isTruncated: Bool
  /// Who sent it: what the authenticator called the client of a CURVE server. Nil on all other
  /// sockets, and for messages that were not received. It is not sent.
  public var userID: String?

  public init(_ frames: [Frame], isTruncated: Bool = false, userID: String? = nil) {
    self.frames = frames
    self.isTruncated = isTruncated
    self.userID = userID
  }

  public init(arrayLiteral elements: Frame...) { self.init(elements) }

  /// A message of text frames.
  public init(_ texts: String...) { self.init(texts.map { Frame($0) }) }

  /// Bytes in all frames.
  public var byteCount: Int { frames.reduce(0) { $0 + $1.count } }

  /// What it costs a queue: its bytes, and something for each frame, so that empty ones count too.
  var cost: Int { byteCount + 64 * (frames.count + 1) }
}
