extension StrictScanner {
  /// Reads a string, `at` on its opening quote.
  ///
  /// - Parameter decoded: whether the content is wanted (names); else "" comes back.
  mutating func string(decoded: Bool) throws(JSONError) -> String {
    at += 1
    let start = at
    var hasEscapes = false
    while let byte = next {
      switch byte {
      case UInt8(ascii: "\""):
        let content = bytes[start..<at]
        at += 1
        guard decoded else { return "" }
        return String(decoding: hasEscapes ? Self.unescaped(content) : content, as: UTF8.self)
      case UInt8(ascii: "\\"):
        hasEscapes = true
        try escape()
      case 0..<0x20:
        throw error(.syntax, "a control character in a string must be escaped")
      default: at += 1
      }
    }
    throw error(.syntax, "the text ends inside a string")
  }

  private mutating func escape() throws(JSONError) {
    at += 1
    switch next {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"),
      UInt8(ascii: "f"), UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
      at += 1
    case UInt8(ascii: "u"):
      let unit = try hex4()
      switch unit {
      case 0xD800..<0xDC00:
        guard next == UInt8(ascii: "\\") else { throw error(.syntax, "half a surrogate pair") }
        at += 1
        guard next == UInt8(ascii: "u"), (0xDC00..<0xE000).contains(try hex4()) else {
          throw error(.syntax, "half a surrogate pair")
        }
      case 0xDC00..<0xE000: throw error(.syntax, "half a surrogate pair")
      default: break
      }
    default: throw error(.syntax, "no such escape")
    }
  }

  /// Four hexadecimal digits, `at` on the `u` before them.
  private mutating func hex4() throws(JSONError) -> UInt32 {
    at += 1
    var unit: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = next, let digit = Self.hexDigit(byte) else {
        throw error(.syntax, "four hexadecimal digits should stand here")
      }
      unit = unit << 4 | digit
      at += 1
    }
    return unit
  }

  private static func hexDigit(_ byte: UInt8) -> UInt32? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte - UInt8(ascii: "0"))
    case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt32(byte - UInt8(ascii: "a") + 10)
    case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt32(byte - UInt8(ascii: "A") + 10)
    default: nil
    }
  }

  /// The bytes that checked content stands for.
  private static func unescaped(_ content: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    var units: [UInt16] = []
    var out: [UInt8] = []
    var rest = content
    func flush() {
      out += Array(String(decoding: units, as: UTF16.self).utf8)
      units = []
    }
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "\\"), let kind = rest.popFirst() else {
        flush()
        out.append(byte)
        continue
      }
      if kind == UInt8(ascii: "u") {
        let digits = rest.prefix(4)
        rest = rest.dropFirst(4)
        units.append(UInt16(truncatingIfNeeded: digits.reduce(0) { $0 << 4 | (hexDigit($1) ?? 0) }))
        continue
      }
      flush()
      switch kind {
      case UInt8(ascii: "b"): out.append(0x08)
      case UInt8(ascii: "f"): out.append(0x0C)
      case UInt8(ascii: "n"): out.append(0x0A)
      case UInt8(ascii: "r"): out.append(0x0D)
      case UInt8(ascii: "t"): out.append(0x09)
      default: out.append(kind)
      }
    }
    flush()
    return out[...]
  }

  /// Reads a number, `at` on its first character.
  mutating func number() throws(JSONError) {
    let start = at
    var isInteger = true
    if next == UInt8(ascii: "-") { at += 1 }
    if next == UInt8(ascii: "0") { at += 1 } else { try digits() }
    if next == UInt8(ascii: ".") {
      isInteger = false
      at += 1
      try digits()
    }
    if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
      isInteger = false
      at += 1
      if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { at += 1 }
      try digits()
    }
    let text = String(decoding: bytes[start..<at], as: UTF8.self)
    let fits =
      isInteger
      ? Int64(text) != nil || UInt64(text) != nil : Double(text)?.isFinite ?? false
    guard fits || isSalvage else {
      at = start
      throw error(
        .numberOutOfRange,
        isInteger ? "no 64-bit integer holds this" : "no finite double stands for this")
    }
  }

  private mutating func digits() throws(JSONError) {
    let start = at
    while let byte = next, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { at += 1 }
    if at == start { throw error(.syntax, "a digit should stand here") }
  }
}
