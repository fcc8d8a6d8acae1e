import Foundation
import JSONC
import Testing

@Suite struct OracleTests {
  /// Foundation does not tell 1.0 from 1.
  static func normal(_ value: JSONValue) -> JSONValue {
    switch value {
    case .double(let double): Int64(exactly: double).map { .int($0) } ?? value
    case .array(let elements): .array(elements.map(normal))
    case .object(let object):
      .object(JSONObject(object.map { (key: $0.key, value: normal($0.value)) }))
    default: value
    }
  }

  @Test("What is taken of mutilated texts, Foundation reads the same")
  func mutilated() throws {
    let sound = Array(
      #"{"a": [1, -2.5, 3e2, true, null], "b\n\u00e9": {"c": "x\"\\\/y", "d": []}, "e": "胰腺"}"#
        .utf8)
    let alphabet = Array(#"{}[]",:\/u0019.eE+- tfn'é"#.utf8)
    var generator = SplitMix(state: 5)
    var (taken, refused) = (0, 0)
    for _ in 0..<1500 {
      var bytes = sound
      for _ in 0..<Int.random(in: 0...2, using: &generator) {
        let at = Int.random(in: 0..<bytes.count, using: &generator)
        let byte = alphabet[Int.random(in: 0..<alphabet.count, using: &generator)]
        switch Int.random(in: 0..<3, using: &generator) {
        case 0: bytes[at] = byte
        case 1: bytes.remove(at: at)
        default: bytes.insert(byte, at: at)
        }
      }
      guard let value = try? JSONValue(parsing: bytes) else {
        refused += 1
        continue
      }
      taken += 1
      let text = String(decoding: bytes, as: UTF8.self)
      let oracle = try? JSONDecoder().decode(JSONValue.self, from: Data(bytes))
      #expect(oracle.map(Self.normal) == Self.normal(value), "\(text)")
      #expect(try JSONValue(parsing: value.encoded()) == value, "\(text)")
    }
    #expect(taken > 300)
    #expect(refused > 300)
  }
}
