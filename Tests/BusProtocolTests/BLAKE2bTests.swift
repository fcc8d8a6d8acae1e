import Testing

@testable import BusProtocol

@Suite struct BLAKE2bTests {
  /// From Python's `hashlib.blake2b(data, digest_size=32)`, byte i being (7 i + 3) mod 256.
  @Test(arguments: [
    (0, "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8"),
    (3, "9facd640130c81e7f318a8d5c660bc1b0f5d03861ffbd4cc1358e0e904593c28"),
    (127, "c9ae3859964b35f04c54b36d33cf299d7290ee621005d28e51598a943560aaaa"),
    (128, "f0501d06597880592bc49234eef100ec1ff349058d0e9d9b753504e24af86dd6"),
    (129, "a34a4e1e03c541dfbf3099c4b6c143c022ced65c28bd7e8a10e0a098461aecf0"),
    (256, "d93ebb9c802f5630ab22516fd82b6c21bc8bd551d531349b715f046ed11ed871"),
    (1000, "d62b6c768ce1afc8367e0498ab2f8e3f7c178c35b1429f14c4604b545d200f52"),
  ])
  func matchesPython(_ count: Int, _ digest: String) {
    let bytes = (0..<count).map { UInt8(truncatingIfNeeded: 7 * $0 + 3) }
    for chunk in [1, 100, 128, 5000] {
      var hash = BLAKE2b()
      for start in stride(from: 0, to: count, by: chunk) {
        hash.update(bytes[start..<min(count, start + chunk)])
      }
      let text = hash.finalize().map { (0x100 + Int($0)) }.map { String($0, radix: 16).dropFirst() }
      #expect(text.joined() == digest)
    }
  }
}
