public import BusProtocol
import Synchronization
public import ZeroMQ

/// The keys that a server goes by while it runs: who may connect, and who may do what.
///
/// The list can change under it (`reload`). Connections outlive that, so each request is asked
/// about again.
public final class KeyRing: Sendable {
  /// A client that was not let in.
  public struct Denial: Sendable, Hashable {
    public enum Reason: String, Sendable, Hashable, CaseIterable {
      /// No key of the list.
      case unlisted
      /// A key of the list, whose roles are not for this socket.
      case role
      /// Not by CURVE, or at no socket of this server's.
      case foreign
    }

    public var reason: Reason
    /// The client's, without port.
    public var address: String
    public var key: CurvePublicKey?
  }

  public let path: String
  private let keys: Mutex<ClientKeys>
  /// So that of two reloads at once the later reading is the one that stays.
  private let reading = Mutex(())
  private let onDenial: @Sendable (Denial) -> Void

  /// Reads the list.
  ///
  /// - Parameters:
  ///   - path: of a `ClientKeysFile`.
  ///   - onDenial: told of each client that is not let in; it must not wait.
  public init(
    path: String, onDenial: @escaping @Sendable (Denial) -> Void = { _ in }
  ) throws(KeyFileError) {
    self.path = path
    self.onDenial = onDenial
    keys = Mutex(ClientKeys(try ClientKeysFile.load(path).clients))
  }

  /// Reads the list again. Where that fails, what was read before stays in force.
  ///
  /// - Returns: how many clients there are now.
  @discardableResult
  public func reload() throws(KeyFileError) -> Int {
    try reading.withLock { _ throws(KeyFileError) in
      let new = ClientKeys(try ClientKeysFile.load(path).clients)
      keys.withLock { $0 = new }
      return new.entries.count
    }
  }

  /// What this user may do now; nothing where its key is off the list, or there is no user.
  ///
  /// - Parameter userID: a `Message.userID`, which is a public key.
  public func roles(of userID: String?) -> Set<Role> { client(userID)?.roles ?? [] }

  /// What people call this user, for logs; nil where its key is off the list.
  public func name(of userID: String?) -> String? { client(userID)?.name }

  private func client(_ userID: String?) -> ClientKey? {
    guard let userID, let key = CurvePublicKey(userID) else { return nil }
    return keys.withLock { $0 }.client(with: key)
  }
}

extension KeyRing {
  /// The ZAP domains of the server's sockets.
  public enum Domain: String, Sendable, Hashable, CaseIterable {
    /// Any listed client connects; what it may do is asked at each request.
    case requests = "segsam.requests"
    /// Whoever is subscribed sees everybody's results: only for clients with the role `stream`.
    case stream = "segsam.stream"
  }

  /// For `Context.authenticate`: lets in listed clients and calls them by their public keys.
  public func verdict(on request: ZAPRequest) -> ZAPVerdict {
    func deny(_ reason: Denial.Reason) -> ZAPVerdict {
      onDenial(Denial(reason: reason, address: request.address, key: request.clientKey))
      return .deny
    }
    guard let domain = Domain(rawValue: request.domain), let key = request.clientKey else {
      return deny(.foreign)
    }
    let roles = roles(of: key.text)
    if roles.isEmpty { return deny(.unlisted) }
    if domain == .stream && !roles.contains(.stream) { return deny(.role) }
    return .allow(userID: key.text)
  }

  /// Whether this user may call the method now.
  ///
  /// - Throws: `unauthorized`.
  func authorize(_ method: Method, of userID: String?) throws(ProtocolError) {
    if roles(of: userID).contains(method.role) { return }
    throw ProtocolError(
      .unauthorized,
      "this key may not use \"\(method.rawValue)\": it lacks the role \"\(method.role.rawValue)\"")
  }
}
