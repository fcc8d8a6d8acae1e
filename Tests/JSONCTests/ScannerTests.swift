import JSONC
import Testing

@Suite struct ScannerTests {
  @Test(
    "What is not RFC 8259, or means two things, is refused",
    arguments: [
      ("", .syntax), (" ", .syntax), ("nul", .syntax), ("nulll", .syntax), ("{} x", .syntax),
      ("{}{}", .syntax), ("NaN", .syntax), ("[NaN]", .syntax), ("[Infinity]", .syntax),
      ("[-Infinity]", .syntax), ("{'a': 1}", .syntax), ("['a']", .syntax), ("{a: 1}", .syntax),
      ("[1,]", .syntax), ("{\"a\": 1,}", .syntax), ("[1 2]", .syntax), ("[,1]", .syntax),
      ("/* c */ 1", .syntax), ("1 // c", .syntax), ("01", .syntax), ("-", .syntax),
      ("+1", .syntax), (".5", .syntax), ("1.", .syntax), ("1e", .syntax), ("1e+", .syntax),
      ("0x10", .syntax), ("\"a", .syntax), ("\"\\x\"", .syntax), ("\"\\u12g4\"", .syntax),
      ("\"\\ud800\"", .syntax), ("\"\\udc00\"", .syntax), ("\"\\ud800\\u0041\"", .syntax),
      ("\"a\nb\"", .syntax), ("{\"a\\u0000b\": 1}", .syntax), ("[1}", .syntax),
      ("True", .syntax), ("TRUE", .syntax), ("1\u{0}", .syntax), ("\u{FEFF}1", .syntax),
      ("{\"a\"}", .syntax), ("{\"a\":}", .syntax), ("{1: 2}", .syntax),
      ("{\"a\": 1, \"a\": 2}", .duplicateKey), ("{\"a\": 1, \"\\u0061\": 1}", .duplicateKey),
      ("{\"x\": {\"😀\": 1, \"\\uD83D\\uDE00\": 1}}", .duplicateKey),
      ("{\"é\": 1, \"e\\u0301\": 1}", .duplicateKey),
      ("{\"a\\tb\": 1, \"a\\u0009b\": 1}", .duplicateKey),
      ("18446744073709551616", .numberOutOfRange), ("-9223372036854775809", .numberOutOfRange),
      ("1e400", .numberOutOfRange), ("-1e400", .numberOutOfRange),
      ("100000000000000000000000000000", .numberOutOfRange),
    ] as [(String, JSONError.Code)])
  func refused(_ text: String, _ code: JSONError.Code) {
    let error = #expect(throws: JSONError.self) { try JSONValue(parsing: text) }
    #expect(error?.code == code, "\(text)")
  }

  @Test(
    "Bytes that are not UTF-8",
    arguments: [
      [0x22, 0xFF, 0x22], [0x22, 0xC0, 0x80, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22],
      [0x22, 0xE2, 0x82, 0x22],
    ] as [[UInt8]])
  func invalidUTF8(_ bytes: [UInt8]) {
    let error = #expect(throws: JSONError.self) { try JSONValue(parsing: bytes) }
    #expect(error?.code == .invalidUTF8)
  }

  @Test func depthIsExact() throws {
    let limits = JSONLimits(depth: 3)
    #expect(try JSONValue(parsing: "[[[1]]]", limits: limits) == [[[1]]])
    let error = #expect(throws: JSONError.self) {
      try JSONValue(parsing: "[[{\"a\": []}]]", limits: limits)
    }
    #expect(error?.code == .tooDeep)
    #expect(error?.path == "[0][0].a")
    #expect(try JSONValue(parsing: "1", limits: JSONLimits(depth: 0)) == 1)
  }

  @Test func deepestIsStillRead() throws {
    let depth = JSONLimits.deepest
    let text = String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    let value = try JSONValue(parsing: text, limits: JSONLimits(depth: 1_000_000))
    #expect(try value.encoded() == Array(text.utf8))
    #expect(throws: JSONError.self) {
      try JSONValue(parsing: "[\(text)]", limits: JSONLimits(depth: 1_000_000))
    }
    let bomb = [UInt8](repeating: UInt8(ascii: "["), count: 500_000)
    let error = #expect(throws: JSONError.self) { try JSONValue(parsing: bomb) }
    #expect(error?.code == .tooDeep)
  }

  @Test func membersAreCountedOverAllLevels() throws {
    let text = "{\"a\": [1, 2], \"b\": {\"c\": 3}}"
    #expect(throws: Never.self) { try JSONValue(parsing: text, limits: JSONLimits(members: 5)) }
    let error = #expect(throws: JSONError.self) {
      try JSONValue(parsing: text, limits: JSONLimits(members: 4))
    }
    #expect(error?.code == .tooManyMembers)
  }

  @Test func bytesAreCounted() {
    #expect(throws: Never.self) { try JSONValue(parsing: "[1]", limits: JSONLimits(bytes: 3)) }
    let error = #expect(throws: JSONError.self) {
      try JSONValue(parsing: "[1] ", limits: JSONLimits(bytes: 3))
    }
    #expect(error?.code == .tooLong)
  }

  @Test func errorsSayWhere() {
    let error = #expect(throws: JSONError.self) {
      try JSONValue(parsing: "{\"parameters\": {\"boxes\": [1, 2, {\"x\": tru}]}}")
    }
    #expect(error?.path == "parameters.boxes[2].x")
    #expect(error?.offset == 38)
  }

  @Test func duplicatesCanBeSalvaged() throws {
    let bytes = Array("{\"id\": \"x\", \"a\": 1, \"a\": 2, \"n\": 1e999}".utf8)
    let value = try JSONValue(parsing: bytes, isSalvage: true)
    #expect(value["id"] == "x")
    #expect(value["a"] == 2)
  }
}
