import Testing

@testable import ZeroMQ

struct CurveKeyTests {
  /// The client of CURVE's examples, https://rfc.zeromq.org/spec/26 and zmq_curve(7).
  static let knownPublic = "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID"
  static let knownSecret = "D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs"

  @Test func pairsAreNewAndWhole() throws {
    let pair = try CurveKeyPair.generate()
    let other = try CurveKeyPair.generate()
    #expect(pair != other && pair.publicKey != other.publicKey)
    #expect(CurvePublicKey(pair.publicKey.text) == pair.publicKey)
    #expect(CurveSecretKey(pair.secretKey.revealed) == pair.secretKey)
    #expect(try CurveKeyPair(secretKey: pair.secretKey) == pair)
  }

  @Test func thePublicKeyFollowsFromTheSecret() throws {
    let secret = try #require(CurveSecretKey(Self.knownSecret))
    #expect(try CurveKeyPair(secretKey: secret).publicKey.text == Self.knownPublic)
  }

  /// Of a key, all but the last character.
  static let stem = String(knownPublic.dropLast())
  static let noKeys: [String] = [
    "", "short", stem, "\(knownPublic)0", " \(stem)", "\(stem)\0", "\(stem)'", "\(stem)é",
    String(repeating: "#", count: 40), String(repeating: "0", count: 35) + "\0\0\0\0\0",
  ]

  @Test(arguments: noKeys)
  func whatIsNoKey(text: String) {
    #expect(CurvePublicKey(text) == nil)
    #expect(CurveSecretKey(text) == nil)
  }

  @Test func rawKeys() throws {
    // Of https://rfc.zeromq.org/spec/32, four times.
    let eight: [UInt8] = [0x86, 0x4f, 0xd2, 0x6f, 0xb5, 0x59, 0xf7, 0x5b]
    let key = CurvePublicKey(raw: eight + eight + eight + eight)
    #expect(key?.text == String(repeating: "HelloWorld", count: 4))
    #expect(CurvePublicKey(raw: eight) == nil)
  }

  @Test func aSecretDoesNotPrintItself() throws {
    let pair = try CurveKeyPair.generate()
    let options = CurveOptions.server(secretKey: pair.secretKey, zapDomain: "d")
    var all = SocketOptions()
    all.curve = .client(serverKey: pair.publicKey, own: pair)
    var text = "\(pair.secretKey) \(pair) \(options) \(all)"
    text += String(reflecting: pair) + String(reflecting: options) + String(reflecting: all)
    dump(pair, to: &text)
    dump(all, to: &text)
    #expect("\(pair.secretKey)" == "secret")
    #expect(!text.contains(pair.secretKey.revealed))
    #expect(!text.contains("\(Array(pair.secretKey.revealed.utf8))"))
  }

  /// One other character, at each place.
  @Test(arguments: 0..<40) func anyDifferenceCounts(place: Int) throws {
    var characters = Array(String(repeating: "0", count: 40))
    let key = try #require(CurvePublicKey(String(characters)))
    let same = try #require(CurvePublicKey(String(characters)))
    characters[place] = "1"
    let other = try #require(CurvePublicKey(String(characters)))
    let secret = try #require(CurveSecretKey(String(characters)))
    #expect(key == same && key.hashValue == same.hashValue)
    #expect(key != other && other != key)
    #expect(secret != CurveSecretKey(key.text) && secret == CurveSecretKey(other.text))
  }
}
