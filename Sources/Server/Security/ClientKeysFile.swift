import BusProtocol
public import ZeroMQ

/// The text file that lists the clients: a line `<public key> <roles> <name>` each, `#` before
/// comments.
///
///     # who may ask
///     Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID query,stream ward-3
///
/// No key begins with `#`: five characters that do stand for more than 32 bits.
public struct ClientKeysFile: Sendable, Hashable {
  /// Lines as they stand, so that an edit leaves the others, comments among them, as they were.
  private var lines: [Line]

  private struct Line: Sendable, Hashable {
    var text: String
    var client: ClientKey?
  }

  /// Clients that a list may have: the whole of it is gone through at each request.
  static let limit = 1_000

  /// - Parameter path: for messages.
  /// - Throws: `malformed` with the line that is.
  public init(_ text: String, path: String) throws(KeyFileError) {
    lines = []
    var keys: [CurvePublicKey: Int] = [:]
    var names: [String: Int] = [:]
    var texts = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    if texts.last?.isEmpty == true { texts.removeLast() }
    for (index, text) in texts.enumerated() {
      let place = "\(path), line \(index + 1)"
      let client = try Self.client(in: text, at: place)
      if let client {
        if let other = keys.updateValue(index + 1, forKey: client.publicKey) {
          throw KeyFileError(.malformed, "\(place): this key stands in line \(other) already")
        }
        if let other = names.updateValue(index + 1, forKey: client.name) {
          throw KeyFileError(.malformed, "\(place): this name stands in line \(other) already")
        }
      }
      lines.append(Line(text: String(text), client: client))
    }
    guard keys.count <= Self.limit else {
      throw KeyFileError(.malformed, "\(path) has more than \(Self.limit) keys")
    }
  }

  public var clients: [ClientKey] { lines.compactMap(\.client) }

  public var text: String { lines.map { $0.text + "\n" }.joined() }

  private static func client(
    in text: Substring, at place: String
  ) throws(KeyFileError) -> ClientKey? {
    let words = text.split(whereSeparator: \.isWhitespace)
    guard let first = words.first, !first.hasPrefix("#") else { return nil }
    guard let key = CurvePublicKey(String(first)) else {
      throw KeyFileError(
        .malformed, "\(place): the first word is no public key (40 characters of Z85)")
    }
    guard words.count > 1, let roles = ClientKey.roles(in: words[1]) else {
      let known = Role.allCases.map(\.rawValue).joined(separator: ", ")
      throw KeyFileError(
        .malformed, "\(place): the second word lists roles, with commas; there are \(known)")
    }
    guard words.count > 2, ClientKey.isName(words[2]) else {
      throw KeyFileError(
        .malformed, "\(place): the third word is the name, at most 32 letters, digits and ._-@")
    }
    guard words.count == 3 || words[3].hasPrefix("#") else {
      throw KeyFileError(.malformed, "\(place): something follows the name; comments begin with #")
    }
    return ClientKey(publicKey: key, roles: roles, name: String(words[2]))
  }
}

extension ClientKeysFile {
  /// Adds the client, or gives the one with this key these roles and this name.
  ///
  /// - Throws: `malformed` where another client has the name, or it is none.
  public mutating func allow(_ client: ClientKey) throws(KeyFileError) {
    guard ClientKey.isName(client.name), !client.roles.isEmpty else {
      throw KeyFileError(
        .malformed, "a client has roles, and a name of at most 32 letters, digits and ._-@")
    }
    if clients.contains(where: { $0.name == client.name && $0.publicKey != client.publicKey }) {
      throw KeyFileError(.malformed, "another key has the name \"\(client.name)\" already")
    }
    let text = "\(client.publicKey) \(client.rolesText) \(client.name)"
    guard let index = lines.firstIndex(where: { $0.client?.publicKey == client.publicKey }) else {
      guard clients.count < Self.limit else {
        throw KeyFileError(.malformed, "the list has \(Self.limit) keys, which is all it may")
      }
      return lines.append(Line(text: text, client: client))
    }
    if lines[index].client == client { return }
    // Its comment stays.
    let words = lines[index].text.split(maxSplits: 3, whereSeparator: \.isWhitespace)
    let comment = words.count > 3 ? " " + words[3] : ""
    lines[index] = Line(text: text + comment, client: client)
  }

  /// Takes the client with this key, or this name, off the list; nil where there is none.
  public mutating func revoke(_ keyOrName: String) -> ClientKey? {
    let key = CurvePublicKey(keyOrName)
    let index = lines.firstIndex { line in
      guard let client = line.client else { return false }
      return key.map { client.publicKey == $0 } ?? (client.name == keyOrName)
    }
    return index.flatMap { lines.remove(at: $0).client }
  }
}

extension ClientKeysFile {
  /// - Throws: `exposed` where others can write the file, `unreadable` where there is none.
  public static func load(_ path: String) throws(KeyFileError) -> ClientKeysFile {
    guard let text = try GuardedFile(path, secrecy: .unwritable).read() else {
      throw KeyFileError(
        .unreadable, "\(path): no such file; add a client with: segsam keys allow")
    }
    return try ClientKeysFile(text, path: path)
  }

  /// Changes the file, so that a reader sees the list of before or after, and no edit at the same
  /// time is lost. Not on the cooperative pool: it may wait for another edit.
  ///
  /// - Parameter isNew: makes the file where there is none.
  public static func edit(
    _ path: String, isNew: Bool = false,
    _ change: (inout ClientKeysFile) throws(KeyFileError) -> Void
  ) throws(KeyFileError) {
    try GuardedFile(path, secrecy: .unwritable).edit { text throws(KeyFileError) in
      guard text != nil || isNew else {
        throw KeyFileError(.unreadable, "\(path): no such file")
      }
      var list = try ClientKeysFile(text ?? "", path: path)
      let before = list
      try change(&list)
      return list == before ? nil : list.text
    }
  }
}
