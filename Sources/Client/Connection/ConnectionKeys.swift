public import ZeroMQ

/// CURVE: which server this must be, and who the client is (protocol: Sockets). The server knows
/// the client by its key then.
public struct ConnectionKeys: Sendable, Hashable {
  /// The server's public key: nobody else is spoken to.
  public var server: CurvePublicKey
  /// The client's pair; the server has its public half on its list.
  public var own: CurveKeyPair

  public init(server: CurvePublicKey, own: CurveKeyPair) {
    self.server = server
    self.own = own
  }

  /// With the pair from a key file, as `segsam keys new` writes it. Waits for the disk.
  ///
  /// - Throws: `KeyFileError`, also where others can read the file.
  public init(server: CurvePublicKey, file path: String) throws(KeyFileError) {
    self.init(server: server, own: try CurveKeyFile.load(path))
  }

  var curve: CurveOptions { .client(serverKey: server, own: own) }
}
