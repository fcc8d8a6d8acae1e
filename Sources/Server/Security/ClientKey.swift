public import BusProtocol
public import ZeroMQ

/// What a client may do; `Method.role` says which method needs which.
public typealias Role = Method.Role

/// One client that may come in: its key, what it may do, and what people call it.
public struct ClientKey: Sendable, Hashable {
  public var publicKey: CurvePublicKey
  /// At least one. None of them implies another.
  public var roles: Set<Role>
  public var name: String

  public init(publicKey: CurvePublicKey, roles: Set<Role>, name: String) {
    self.publicKey = publicKey
    self.roles = roles
    self.name = name
  }

  /// Letters and digits of any script, `.`, `_`, `-` and `@`, at most 32: never mistaken for a key.
  public static func isName(_ text: some StringProtocol) -> Bool {
    (1...32).contains(text.count) && text.utf8.count <= 128
      && text.allSatisfy { $0.isLetter || $0.isNumber || "._-@".contains($0) }
  }

  /// As the file lists them.
  public var rolesText: String {
    Role.allCases.filter(roles.contains).map(\.rawValue).joined(separator: ",")
  }

  /// `query,stream`; nil where one is unknown, or there is none.
  public static func roles(in text: some StringProtocol) -> Set<Role>? {
    let words = text.split(separator: ",", omittingEmptySubsequences: false)
    let roles = words.compactMap { Role(rawValue: String($0)) }
    return roles.count == words.count ? Set(roles) : nil
  }
}

/// The clients that may come in.
struct ClientKeys: Sendable, Hashable {
  let entries: [ClientKey]

  init(_ entries: [ClientKey] = []) { self.entries = entries }

  /// The client with this key. Every entry is compared, each in constant time, so that how long it
  /// takes tells nothing of the list but its length.
  func client(with key: CurvePublicKey) -> ClientKey? {
    var found: Int?
    for (index, entry) in entries.enumerated() where entry.publicKey == key { found = index }
    return found.map { entries[$0] }
  }
}
