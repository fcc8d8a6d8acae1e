extension Context {
  /// Has `authenticator` decide about every client of this context's CURVE servers, from now on and
  /// until the context ends. Sockets that serve CURVE can only be opened after.
  ///
  /// - Throws: `EADDRINUSE` where the context has an authenticator already.
  public func authenticate(by authenticator: @escaping Authenticator) throws(ZMQError) {
    try ZAPHandler(self, authenticator).start()
    noteAuthenticator()
  }
}
