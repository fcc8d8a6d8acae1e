/// Checks a text against RFC 8259 and the limits before json-c sees it.
///
/// json-c, even in its strict mode, takes `NaN`, keeps the last of two equal names, clamps
/// integers that are too large and cuts names at a NUL. Here all of that is an error, and so are
/// lone surrogates; what passes has one meaning only.
struct StrictScanner {
  let bytes: [UInt8]
  let limits: JSONLimits
  /// Takes names that stand twice and numbers out of range, which json-c settles in its own way.
  let isSalvage: Bool
  var at = 0
  private var members = 0
  private var path: [JSONPathStep] = []

  init(bytes: [UInt8], limits: JSONLimits, isSalvage: Bool) {
    self.bytes = bytes
    self.limits = limits
    self.isSalvage = isSalvage
  }

  /// Runs over the whole text.
  mutating func check() throws(JSONError) {
    guard bytes.count <= limits.bytes else {
      throw JSONError(
        .tooLong, "the text has \(bytes.count) bytes, over the limit of \(limits.bytes)")
    }
    guard String(validating: bytes, as: UTF8.self) != nil else {
      throw JSONError(.invalidUTF8, "the text is not UTF-8")
    }
    try value(depth: 0)
    skipSpace()
    if at < bytes.count { throw error(.syntax, "text after the end of the value") }
  }

  var next: UInt8? { at < bytes.count ? bytes[at] : nil }

  func error(_ code: JSONError.Code, _ message: String) -> JSONError {
    JSONError(code, message, path: path.text, offset: at)
  }

  private mutating func skipSpace() {
    while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { at += 1 }
  }

  private mutating func value(depth: Int) throws(JSONError) {
    skipSpace()
    guard let first = next else {
      throw error(.syntax, "the text ends where a value should stand")
    }
    switch first {
    case UInt8(ascii: "{"): try object(depth: depth + 1)
    case UInt8(ascii: "["): try array(depth: depth + 1)
    case UInt8(ascii: "\""): _ = try string(decoded: false)
    case UInt8(ascii: "t"): try literal("true")
    case UInt8(ascii: "f"): try literal("false")
    case UInt8(ascii: "n"): try literal("null")
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): try number()
    default: throw error(.syntax, "no JSON value starts like this")
    }
  }

  private mutating func literal(_ word: StaticString) throws(JSONError) {
    let wanted = word.description.utf8
    guard bytes[at...].starts(with: wanted) else {
      throw error(.syntax, "no JSON value starts like this")
    }
    at += wanted.count
  }

  private mutating func enter(depth: Int) throws(JSONError) {
    guard depth <= limits.depth else {
      throw error(.tooDeep, "nested deeper than the limit of \(limits.depth)")
    }
    at += 1
    skipSpace()
  }

  private mutating func countMember() throws(JSONError) {
    members += 1
    guard members <= limits.members else {
      throw error(.tooManyMembers, "more members than the limit of \(limits.members)")
    }
  }

  /// After an element: true where a comma says that another one follows.
  private mutating func another(before end: Character) throws(JSONError) -> Bool {
    skipSpace()
    if next == UInt8(ascii: ",") {
      at += 1
      skipSpace()
      return true
    }
    guard next == end.asciiValue else {
      throw error(.syntax, "a comma or \(end) should stand here")
    }
    at += 1
    return false
  }

  private mutating func array(depth: Int) throws(JSONError) {
    try enter(depth: depth)
    if next == UInt8(ascii: "]") {
      at += 1
      return
    }
    var index = 0
    repeat {
      path.append(.index(index))
      try countMember()
      try value(depth: depth)
      path.removeLast()
      index += 1
    } while try another(before: "]")
  }

  private mutating func object(depth: Int) throws(JSONError) {
    try enter(depth: depth)
    if next == UInt8(ascii: "}") {
      at += 1
      return
    }
    var seen: Set<String> = []
    repeat {
      guard next == UInt8(ascii: "\"") else {
        throw error(.syntax, "a name in double quotes should stand here")
      }
      let start = at
      let name = try string(decoded: true)
      path.append(.key(name))
      if name.utf8.contains(0) {
        throw JSONError(.syntax, "a name must not contain NUL", path: path.text, offset: start)
      }
      if !seen.insert(name).inserted && !isSalvage {
        throw JSONError(
          .duplicateKey, "the member \"\(name)\" stands twice", path: path.text, offset: start)
      }
      try countMember()
      skipSpace()
      guard next == UInt8(ascii: ":") else { throw error(.syntax, "a colon should stand here") }
      at += 1
      try value(depth: depth)
      path.removeLast()
    } while try another(before: "}")
  }
}
