/// What a server socket asks about a client before it lets it in
/// (https://rfc.zeromq.org/spec/27).
public struct ZAPRequest: Sendable, Hashable {
  /// The server socket's `zapDomain`.
  public var domain: String
  /// The client's address, without the port.
  public var address: String
  /// The server socket's routing id; mostly empty.
  public var identity: [UInt8]
  /// `NULL`, `PLAIN`, `CURVE`, or one that this does not know.
  public var mechanism: String
  /// `PLAIN`: name and password. `CURVE`: the client's public key, 32 bytes.
  public var credentials: [[UInt8]]

  public init(
    domain: String, address: String = "", identity: [UInt8] = [], mechanism: String,
    credentials: [[UInt8]] = []
  ) {
    self.domain = domain
    self.address = address
    self.identity = identity
    self.mechanism = mechanism
    self.credentials = credentials
  }

  /// The key that a CURVE client has proved to be its own; nil for other mechanisms.
  public var clientKey: CurvePublicKey? {
    guard mechanism == "CURVE", credentials.count == 1 else { return nil }
    return CurvePublicKey(raw: credentials[0])
  }
}

/// Whether a client may connect.
public enum ZAPVerdict: Sendable, Hashable {
  /// `userID` comes with every message of the connection (`Message.userID`); 1 to 255 bytes.
  case allow(userID: String)
  case deny
}

/// Decides about clients. Called on one thread, one client after another: it must not wait.
public typealias Authenticator = @Sendable (ZAPRequest) -> ZAPVerdict

extension ZAPRequest {
  static let version = "1.0"

  /// Reads the frames of a request; nil where they are not as RFC 27 has them.
  init?(_ message: Message) {
    let frames = message.frames
    guard !message.isTruncated, frames.count >= 6, frames[0] == Frame(Self.version),
      frames[1...5].allSatisfy({ $0.count <= 255 }),
      let domain = frames[2].validText, let address = frames[3].validText,
      let mechanism = frames[5].validText
    else { return nil }
    let credentials = frames[6...].map(\.bytes)
    switch mechanism {
    case "NULL": guard credentials.isEmpty else { return nil }
    case "PLAIN": guard credentials.count == 2 else { return nil }
    case "CURVE": guard credentials.count == 1, credentials[0].count == 32 else { return nil }
    case "": return nil
    default: break
    }
    self.init(
      domain: domain, address: address, identity: frames[4].bytes, mechanism: mechanism,
      credentials: credentials)
  }
}

extension Frame {
  /// The bytes as text, where they are UTF-8.
  fileprivate var validText: String? { String(validating: bytes, as: UTF8.self) }
}
