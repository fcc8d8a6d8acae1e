import Foundation
import JSONC
import Testing

@Suite struct CodableTests {
  struct Everything: Codable, Hashable {
    enum Kind: String, Codable { case raw, bits }
    enum Tagged: Codable, Hashable {
      case one(Int)
      case two(name: String)
    }
    struct Nested: Codable, Hashable { var boxes: [[Double]?] }
    var small: Int8 = -128
    var smallest = Int64.min
    var largest = UInt64.max
    var single: Float = 0.1
    var double = 0.1
    var text = "左肾"
    var missing: String?
    var flags = [true, false]
    var kind = Kind.bits
    var tagged: [Tagged] = [.one(1), .two(name: "x")]
    var nested = Nested(boxes: [[1, 2.5], nil])
    var table = ["b": 1, "a": 2]
    var numbered = [3: "x"]
    var any: JSONValue = ["z": [1, 2.5, nil, "s"], "a": .uint(.max)]
    var object: JSONObject = ["y": 1, "x": 2]
  }

  class Base: Codable { var a = 1 }
  final class Derived: Base {
    var b = 2
    enum CodingKeys: String, CodingKey { case b }
    override init() { super.init() }
    required init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      b = try container.decode(Int.self, forKey: .b)
      try super.init(from: container.superDecoder())
    }
    override func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(b, forKey: .b)
      try super.encode(to: container.superEncoder())
    }
  }

  @Test func roundTrip() throws {
    let bytes = try JSONCEncoder().encode(Everything())
    let back = try JSONCDecoder().decode(Everything.self, from: bytes)
    #expect(back == Everything())
    #expect(back.any.objectValue?.keys == ["z", "a"])
    #expect(try JSONCEncoder().encode(back) == bytes)
  }

  @Test("Foundation reads the same from what json-c writes, and the other way round")
  func agreesWithFoundation() throws {
    let bytes = try JSONCEncoder().encode(Everything())
    #expect(try JSONDecoder().decode(Everything.self, from: Data(bytes)) == Everything())
    let other = [UInt8](try JSONEncoder().encode(Everything()))
    #expect(try JSONCDecoder().decode(Everything.self, from: other) == Everything())
  }

  @Test func classesAndSuper() throws {
    let derived = Derived()
    derived.a = 7
    let bytes = try JSONCEncoder().encode(derived)
    #expect(String(decoding: bytes, as: UTF8.self) == #"{"b":2,"super":{"a":7}}"#)
    #expect(try JSONCDecoder().decode(Derived.self, from: bytes).a == 7)
  }

  @Test func dictionariesAreSorted() throws {
    let table = Dictionary(uniqueKeysWithValues: (0..<50).map { ("k\($0)", $0) })
    let object = try JSONCEncoder().value(of: ["t": table])["t"]?.objectValue
    #expect(object?.keys == table.keys.sorted())
  }

  struct Request: Codable {
    struct Parameters: Codable {
      var boxes: [[Double]]
      var labels: [String: UInt8]?
    }
    var parameters: Parameters
  }

  @Test(
    arguments: [
      (#"{"parameters": {"boxes": [[1], [2], "x"]}}"#, .typeMismatch, "parameters.boxes[2]"),
      (#"{"parameters": {"boxes": [[1, null]]}}"#, .typeMismatch, "parameters.boxes[0][1]"),
      (#"{"parameters": {}}"#, .missingMember, "parameters.boxes"),
      (#"{"parameters": []}"#, .typeMismatch, "parameters"),
      (#"[]"#, .typeMismatch, ""),
      (
        #"{"parameters": {"boxes": [], "labels": {"1": 256}}}"#, .invalidValue,
        "parameters.labels.1"
      ),
      (
        #"{"parameters": {"boxes": [], "labels": {"1": 1.5}}}"#, .invalidValue,
        "parameters.labels.1"
      ),
      (
        #"{"parameters": {"boxes": [], "labels": {"1": true}}}"#, .typeMismatch,
        "parameters.labels.1"
      ),
      (#"{"parameters": {"boxes": [], "boxes": []}}"#, .duplicateKey, "parameters.boxes"),
    ] as [(String, JSONError.Code, String)])
  func errorsHavePaths(_ text: String, _ code: JSONError.Code, _ path: String) {
    let error = #expect(throws: JSONError.self) {
      try JSONCDecoder().decode(Request.self, from: text)
    }
    #expect(error?.code == code)
    #expect(error?.path == path)
  }

  @Test func nonFiniteIsRefused() {
    let error = #expect(throws: JSONError.self) {
      try JSONCEncoder().encode(["a": [1, Double.nan]])
    }
    #expect(error?.code == .notRepresentable)
    #expect(error?.path == "a[1]")
    #expect(throws: JSONError.self) { try JSONCEncoder().encode([Float.infinity]) }
    #expect(throws: JSONError.self) { try JSONCDecoder().decode(Float.self, from: "1e300") }
  }

  @Test func libraryStringsBelongToTheirLength() throws {
    let value = ["a\u{7F}": "\u{0}\u{0}", "b": String(repeating: "é", count: 10_000)]
    let bytes = try JSONCEncoder().encode(value)
    #expect(try JSONCDecoder().decode([String: String].self, from: bytes) == value)
  }

  final class Endless: Encodable {
    func encode(to encoder: any Encoder) throws {
      var container = encoder.unkeyedContainer()
      try container.encode(self)
    }
  }

  @Test func endlessValuesEnd() {
    let error = #expect(throws: JSONError.self) { try JSONCEncoder(depth: 64).encode(Endless()) }
    #expect(error?.code == .tooDeep)
  }
}
