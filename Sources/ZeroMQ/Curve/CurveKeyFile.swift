/// The file that keeps a key pair, a server's or a client's: a line `public <key>` and a line
/// `secret <key>`, `#` before comments. Nobody but its owner may read it.
public enum CurveKeyFile {
  /// - Throws: `exposed` where its mode is not 0600 (or stricter), `malformed` with the line.
  public static func load(_ path: String) throws(KeyFileError) -> CurveKeyPair {
    guard let text = try GuardedFile(path, secrecy: .unreadable).read() else {
      throw KeyFileError(.unreadable, "\(path): no such file; make one with: segsam keys new")
    }
    return try parse(text, of: path)
  }

  /// Writes a new file.
  ///
  /// - Parameter comment: one line that says what it is.
  /// - Throws: `exists` where there is one.
  public static func create(
    _ path: String, for pair: CurveKeyPair, comment: String
  ) throws(KeyFileError) {
    let comment = comment.split(whereSeparator: \.isNewline).map { "# \($0)\n" }.joined()
    try GuardedFile(path, secrecy: .unreadable).create(
      comment + "public \(pair.publicKey.text)\nsecret \(pair.secretKey.revealed)\n")
  }

  /// Never quotes the text: it may hold a secret wherever the mistake is.
  static func parse(_ text: String, of path: String) throws(KeyFileError) -> CurveKeyPair {
    var publicKey: CurvePublicKey?
    var secretKey: CurveSecretKey?
    let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    for (index, line) in lines.enumerated() {
      let words = line.split(whereSeparator: \.isWhitespace).map(String.init)
      guard let kind = words.first, !kind.hasPrefix("#") else { continue }
      let isTwice: Bool
      switch kind {
      case "public" where words.count == 2:
        isTwice = publicKey != nil
        publicKey = CurvePublicKey(words[1])
        if publicKey == nil { throw malformed(path, index, "is no key of 40 characters of Z85") }
      case "secret" where words.count == 2:
        isTwice = secretKey != nil
        secretKey = CurveSecretKey(words[1])
        if secretKey == nil { throw malformed(path, index, "is no key of 40 characters of Z85") }
      default: throw malformed(path, index, "is neither \"public KEY\" nor \"secret KEY\"")
      }
      if isTwice { throw malformed(path, index, "has a second \(kind) key") }
    }
    guard let secretKey else {
      throw KeyFileError(.malformed, "\(path) has no line \"secret KEY\"")
    }
    guard let pair = try? CurveKeyPair(secretKey: secretKey) else {
      throw KeyFileError(.malformed, "\(path): libzmq takes the secret key for none")
    }
    if let publicKey, publicKey != pair.publicKey {
      throw KeyFileError(.malformed, "\(path): its two keys do not belong together")
    }
    return pair
  }

  private static func malformed(_ path: String, _ index: Int, _ what: String) -> KeyFileError {
    KeyFileError(.malformed, "\(path), line \(index + 1), \(what)")
  }
}
