import JSONC
import Testing

@Suite struct JSONValueTests {
  static func text(_ value: JSONValue, sorted: Bool = false) throws -> String {
    String(decoding: try value.encoded(sorted: sorted), as: UTF8.self)
  }

  @Test(
    arguments: [
      ("0", .int(0)), ("-0", .int(0)), ("-9223372036854775808", .int(.min)),
      ("9223372036854775807", .int(.max)), ("9223372036854775808", .uint(1 << 63)),
      ("18446744073709551615", .uint(.max)), ("1.0", .double(1)), ("1e2", .double(100)),
      ("-1.5E-3", .double(-0.0015)), ("1e-400", .double(0)), ("true", .bool(true)),
      ("null", .null), (" [ ] ", []), ("{ }", [:]), ("\"\"", ""),
      ("\"\\u00e9\\n\\/\\ud83d\\ude00\"", "é\n/😀"), ("\"a\\u0000b\"", "a\u{0}b"),
      ("[1,\"二\",null]", [1, "二", nil]), ("{\"a\":{\"b\":[false]}}", ["a": ["b": [false]]]),
    ] as [(String, JSONValue)])
  func parses(_ text: String, _ value: JSONValue) throws {
    #expect(try JSONValue(parsing: text) == value)
  }

  @Test func doublesSurvive() throws {
    var generator = SplitMix(state: 7)
    var doubles: [Double] = [
      0, -0.0, 0.1, 1 / 3, .pi, 1e16, 1e22, 9_007_199_254_740_992, .leastNonzeroMagnitude,
      .leastNormalMagnitude, .greatestFiniteMagnitude, -.greatestFiniteMagnitude, .ulpOfOne,
    ]
    while doubles.count < 2000 {
      let double = Double(bitPattern: generator.next())
      if double.isFinite { doubles.append(double) }
    }
    let back = try JSONValue(parsing: JSONValue(doubles).encoded()).arrayValue ?? []
    let bits = back.map { value -> UInt64? in
      if case .double(let double) = value { double.bitPattern } else { nil }
    }
    #expect(bits == doubles.map(\.bitPattern))
  }

  @Test func integersSurvive() throws {
    var generator = SplitMix(state: 8)
    let values: [JSONValue] = (0..<1000).flatMap { _ -> [JSONValue] in
      let bits = generator.next()
      return [JSONValue(bits), .int(Int64(bitPattern: bits))]
    }
    #expect(try JSONValue(parsing: JSONValue.array(values).encoded()) == .array(values))
  }

  @Test func orderIsKeptOrSorted() throws {
    let value: JSONValue = ["b": 1, "a": ["d": 2, "c": 3]]
    #expect(try Self.text(value) == #"{"b":1,"a":{"d":2,"c":3}}"#)
    #expect(try Self.text(value, sorted: true) == #"{"a":{"c":3,"d":2},"b":1}"#)
    let back = try JSONValue(parsing: #"{"b":1,"a":{"d":2,"c":3}}"#)
    #expect(back.objectValue?.keys == ["b", "a"])
    #expect(back["a"]?.objectValue?.keys == ["d", "c"])
    #expect(back == ["a": ["c": 3, "d": 2], "b": 1])
  }

  @Test func writesPlainly() throws {
    #expect(
      try Self.text(["p": "a/b\"\\\n\u{1}", "x": 0.1, "y": 1.0, "z": []])
        == #"{"p":"a/b\"\\\n\u0001","x":0.1,"y":1.0,"z":[]}"#)
    #expect(try Self.text(.null) == "null")
    #expect(try Self.text("") == "\"\"")
    #expect(try JSONValue(parsing: JSONValue("a\u{0}胰腺").encoded()) == "a\u{0}胰腺")
  }

  @Test(
    arguments: [
      (["a": [1.0, .double(.nan)]], "a[1]"), (["x": .double(.infinity)], "x"),
      (.double(-.infinity), ""), (["k": ["a\u{0}b": 1]], "k.a\u{0}b"),
    ] as [(JSONValue, String)])
  func notRepresentable(_ value: JSONValue, _ path: String) {
    let error = #expect(throws: JSONError.self) { try value.encoded() }
    #expect(error?.code == .notRepresentable)
    #expect(error?.path == path)
  }

  @Test func tooDeepToWrite() {
    var value: JSONValue = 1
    for _ in 0...JSONLimits.deepest { value = [value] }
    let error = #expect(throws: JSONError.self) { try value.encoded() }
    #expect(error?.code == .tooDeep)
  }

  @Test func numbersAsInt() {
    #expect(JSONValue.double(5000).intValue == 5000)
    #expect(JSONValue.double(0.5).intValue == nil)
    #expect(JSONValue.double(1e300).intValue == nil)
    #expect(JSONValue.uint(.max).intValue == nil)
    #expect(JSONValue("1").intValue == nil)
  }

  @Test func objectRemoves() {
    var object: JSONObject = ["a": 1, "b": 2]
    object["a"] = nil
    #expect(object.keys == ["b"])
    object["a"] = 3
    #expect(object.keys == ["b", "a"])
  }
}

/// Steele, Lea and Flood's SplitMix64: seeded numbers for tests.
struct SplitMix: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
