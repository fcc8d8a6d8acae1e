import CZeroMQ
import Glibc

/// Encrypted and authenticated connections over tcp and ipc. `inproc` knows no keys: whoever is in
/// the process is in.
public enum CurveOptions: Sendable, Hashable {
  /// Lets in whom the context's authenticator allows (`Context.authenticate`, which comes first).
  ///
  /// - `zapDomain`: by which the authenticator tells sockets apart; 1 to 255 bytes.
  case server(secretKey: CurveSecretKey, zapDomain: String)
  /// Speaks only to the server that has this key.
  case client(serverKey: CurvePublicKey, own: CurveKeyPair)

  /// Whether peers were asked for their keys, so that a message's `User-Id` is the authenticator's.
  var isServer: Bool {
    if case .server = self { true } else { false }
  }

  /// `ZMQ_ZAP_ENFORCE_DOMAIN`, which zmq.h counts as draft, and libzmq 4.3 takes all the same.
  private static let enforceDomain: Int32 = 93

  func apply(to socket: SocketSetter) throws(ZMQError) {
    switch self {
    case .server(let secretKey, let zapDomain):
      guard (1...255).contains(zapDomain.utf8.count) else {
        throw ZMQError(call: "zmq_setsockopt(ZMQ_ZAP_DOMAIN)", code: EINVAL)
      }
      try socket.set(ZMQ_CURVE_SERVER, 1)
      try socket.set(ZMQ_CURVE_SECRETKEY, Array(secretKey.revealed.utf8))
      try socket.set(ZMQ_ZAP_DOMAIN, Array(zapDomain.utf8))
      // Without it libzmq lets everybody in where no handler answers. `Socket.init` sees to it that
      // one does; this is the second lock, where the library has it.
      do { try socket.set(Self.enforceDomain, 1) } catch  where error.code == EINVAL {}
    case .client(let serverKey, let own):
      try socket.set(ZMQ_CURVE_SERVERKEY, Array(serverKey.text.utf8))
      try socket.set(ZMQ_CURVE_PUBLICKEY, Array(own.publicKey.text.utf8))
      try socket.set(ZMQ_CURVE_SECRETKEY, Array(own.secretKey.revealed.utf8))
    }
  }
}
