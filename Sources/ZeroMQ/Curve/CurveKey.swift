import CZeroMQ

/// The public half of a Curve25519 key pair: who somebody is.
public struct CurvePublicKey: Sendable, Hashable, CustomStringConvertible {
  let key: KeyText

  /// - Parameter text: 40 characters of Z85 (https://rfc.zeromq.org/spec/32); else nil.
  public init?(_ text: String) {
    guard let key = KeyText(text) else { return nil }
    self.key = key
  }

  /// - Parameter bytes: the 32 of the key itself, as ZAP tells it; else nil.
  init?(raw bytes: [UInt8]) {
    guard let key = KeyText(raw: bytes) else { return nil }
    self.key = key
  }

  init(key: KeyText) { self.key = key }

  /// The 40 characters.
  public var text: String { key.text }
  public var description: String { text }
}

/// The secret half of a key pair. Nothing prints or encodes it unasked: say `revealed`.
public struct CurveSecretKey: Sendable, Hashable {
  let key: KeyText

  /// - Parameter text: 40 characters of Z85; else nil.
  public init?(_ text: String) {
    guard let key = KeyText(text) else { return nil }
    self.key = key
  }

  init(key: KeyText) { self.key = key }

  /// The 40 characters, for the file that keeps them.
  public var revealed: String { key.text }
}

extension CurveSecretKey: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  public var description: String { "secret" }
  public var debugDescription: String { "secret" }
  /// Without children, so that `dump` and reflecting descriptions find nothing either.
  public var customMirror: Mirror { Mirror(self, children: EmptyCollection<Mirror.Child>()) }
}

/// 32 bytes as their 40 characters of Z85. One text for one key: where texts differ, keys do.
struct KeyText: Sendable, Hashable {
  /// 40, all of Z85's alphabet.
  private let characters: [UInt8]

  private static let length = 40, rawLength = 32
  /// Whether a byte is of the alphabet.
  private static let isCharacter: [Bool] = {
    let alphabet =
      "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"
    var table = [Bool](repeating: false, count: 256)
    for byte in alphabet.utf8 { table[Int(byte)] = true }
    return table
  }()

  init?(_ text: String) {
    let characters = Array(text.utf8.prefix(Self.length + 1))
    guard characters.count == Self.length,
      characters.allSatisfy({ Self.isCharacter[Int($0)] })
    else { return nil }
    // Five characters hold more than four bytes do; libzmq tells which are too much.
    var raw = [UInt8](repeating: 0, count: Self.rawLength)
    guard zmq_z85_decode(&raw, text) != nil else { return nil }
    self.characters = characters
  }

  init?(raw bytes: [UInt8]) {
    guard bytes.count == Self.rawLength else { return nil }
    self.init { zmq_z85_encode($0, bytes, bytes.count) != nil }
  }

  /// - Parameter write: writes 40 characters and a zero; false where it cannot.
  init?(_ write: (UnsafeMutablePointer<CChar>) -> Bool) {
    var buffer = [CChar](repeating: 0, count: Self.length + 1)
    let isWritten = buffer.withUnsafeMutableBufferPointer { buffer in
      buffer.baseAddress.map(write) ?? false
    }
    guard isWritten else { return nil }
    characters = buffer.dropLast().map(UInt8.init(bitPattern:))
  }

  var text: String { String(decoding: characters, as: UTF8.self) }

  /// Takes the same time wherever the difference is, so that the time tells nothing of a key.
  @inline(never)
  static func == (a: KeyText, b: KeyText) -> Bool {
    var difference: UInt8 = 0
    for (x, y) in zip(a.characters, b.characters) { difference |= x ^ y }
    return difference == 0
  }
}
