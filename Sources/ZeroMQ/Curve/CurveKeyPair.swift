import CZeroMQ

/// A Curve25519 key pair, as CURVE wants one of every server and client
/// (https://rfc.zeromq.org/spec/26).
public struct CurveKeyPair: Sendable, Hashable {
  public let publicKey: CurvePublicKey
  public let secretKey: CurveSecretKey

  /// A new pair.
  ///
  /// - Throws: `ENOTSUP` where libzmq was built without CURVE.
  public static func generate() throws(ZMQError) -> CurveKeyPair {
    var secret: KeyText?
    let made = KeyText { text in
      secret = KeyText { zmq_curve_keypair(text, $0) == 0 }
      return secret != nil
    }
    guard let made, let secret else { throw .last("zmq_curve_keypair") }
    return CurveKeyPair(
      publicKey: CurvePublicKey(key: made), secretKey: CurveSecretKey(key: secret))
  }

  /// The pair that a secret key is of.
  public init(secretKey: CurveSecretKey) throws(ZMQError) {
    guard let made = KeyText({ zmq_curve_public($0, secretKey.revealed) == 0 }) else {
      throw .last("zmq_curve_public")
    }
    self.init(publicKey: CurvePublicKey(key: made), secretKey: secretKey)
  }

  private init(publicKey: CurvePublicKey, secretKey: CurveSecretKey) {
    self.publicKey = publicKey
    self.secretKey = secretKey
  }
}
