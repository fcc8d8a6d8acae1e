import Foundation
import Imaging
import Testing

private let levels: [Float] = (0..<5).flatMap { y in (0..<6).map { x in Float(7 * x + 11 * y) } }

@Suite struct PictureTests {
  @Test func gray() throws {
    for name in ["gray.png", "la.png"] {
      let image = try ImageFile.read(path: fixture(name))
      #expect(image.gridShape == [5, 6] && image.channels == 1)
      #expect(image.samples == levels)
    }
    #expect(try ImageFile.read(path: fixture("gray16.png")).samples == levels.map { $0 * 300 })
    let bits = try ImageFile.read(path: fixture("bits.png"))
    #expect(bits.samples == levels.map { Int($0) % 2 == 0 ? 0 : 255 })
  }

  @Test(arguments: ["rgb.png", "rgba.png"])
  func colour(name: String) throws {
    let image = try ImageFile.read(path: fixture(name))
    #expect(image.channels == 3)
    #expect(image.samples == levels.flatMap { [$0, $0 + 50, 200 - $0] })
  }

  @Test func paletteIsColourAsImageAndIndexAsLabels() throws {
    let image = try ImageFile.read(path: fixture("palette.png"))
    let colours: [[Float]] = [[0, 0, 0], [255, 0, 0], [0, 255, 0], [0, 0, 255]]
    #expect(image.samples == levels.flatMap { colours[Int($0) % 4] })
    let labels = try ImageFile.readLabels(path: fixture("palette.png"))
    #expect(labels.labels == levels.map { UInt16($0) % 4 })
  }

  @Test func labels() throws {
    #expect(try ImageFile.readLabels(path: fixture("gray.png")).labels == levels.map { UInt16($0) })
    #expect(
      try ImageFile.readLabels(path: fixture("bits.png")).labels == levels.map { UInt16($0) % 2 })
    #expect(
      try ImageFile.readLabels(path: fixture("gray16.png")).labels
        == levels.map { UInt16($0) * 300 })
    for name in ["rgb.png", "gray.jpg"] {
      #expect(
        code { () throws(ImagingError) in _ = try ImageFile.readLabels(path: fixture(name)) }
          == .unsupported)
    }
  }

  @Test func jpeg() throws {
    let gray = try ImageFile.read(path: fixture("gray.jpg"))
    #expect(gray.gridShape == [48, 64] && gray.channels == 1)
    let colour = try ImageFile.read(path: fixture("colour.jpg"))
    #expect(colour.gridShape == [48, 64] && colour.channels == 3)
    for x in 0..<64 {
      #expect(abs(gray.samples[64 * 20 + x] - Float(4 * x)) <= 3)
      for c in 0..<3 { #expect(abs(colour.samples[3 * (64 * 20 + x) + c] - Float(4 * x)) <= 4) }
    }
    #expect(
      code { () throws(ImagingError) in _ = try ImageFile.read(path: fixture("cmyk.jpg")) } != nil)
  }

  @Test func roundTrip() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/a.png"
      for largest in [3, 255, 256, 65535] as [UInt16] {
        var map = LabelMap(width: 7, height: 5)
        map.labels[13] = largest
        try ImageFile.writePNG(labels: map, path: path)
        #expect(try ImageFile.readLabels(path: path) == map)
      }
      let map = LabelMap(width: 2, height: 1, labels: [2, 1])
      try ImageFile.writePNG(
        labels: map, palette: [[0, 0, 0], [1, 2, 3], [4, 5, 6]], path: path)
      #expect(try ImageFile.readLabels(path: path) == map)
      #expect(try ImageFile.read(path: path).samples == [4, 5, 6, 1, 2, 3])
      let rgb: [UInt8] = (0..<30).map { UInt8($0 * 8) }
      try ImageFile.writePNG(rgb: rgb, width: 5, height: 2, path: path)
      #expect(try ImageFile.read(path: path).samples == rgb.map(Float.init))
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["a.png"])
    }
  }

  @Test(arguments: [
    ("gray.png", "image/png"), ("palette.png", "image/png"),
    ("gray.jpg", "image/jpeg"), ("colour.jpg", "image/jpeg"),
  ])
  func cutShort(name: String, type: String) throws {
    let bytes = try fixtureBytes(name)
    // The last 16 bytes of a PNG are a checksum and the end mark; libpng need not read them.
    for length in stride(from: 0, to: bytes.count - (type == "image/png" ? 16 : 2), by: 3) {
      let got = code { () throws(ImagingError) in
        _ = try ImageFile.decode(Array(bytes[..<length]), contentType: type)
      }
      #expect(got == .malformed, "\(name) cut to \(length)")
    }
    var random = TestGenerator(state: 9)
    for _ in 0..<500 {
      var mutated = bytes
      for _ in 0..<3 {
        mutated[Int.random(in: 0..<bytes.count, using: &random)] = .random(
          in: 0...255, using: &random)
      }
      _ = try? ImageFile.decode(mutated, contentType: type)
    }
  }

  @Test func bombsAreRefusedByTheirHeader() throws {
    var bytes = try fixtureBytes("gray.png")
    // IHDR says 0x7000 × 0x7000 (its checksum would be wrong, too: made right here).
    bytes.replaceSubrange(16..<24, with: [0, 0, 0x70, 0, 0, 0, 0x70, 0])
    bytes.replaceSubrange(29..<33, with: crc(bytes[12..<29]))
    let decode = { (limits: DecodingLimits) in
      code { () throws(ImagingError) in
        _ = try ImageFile.decode(bytes, contentType: "image/png", limits: limits)
      }
    }
    #expect(decode(.standard) == .tooLarge)
    #expect(decode(DecodingLimits(maxPixels: 1 << 40)) == .malformed)
  }

  @Test func wrongType() throws {
    let png = try fixtureBytes("gray.png")
    for (type, expected) in [
      ("image/jpeg", ImagingError.Code.malformed), ("application/x-nifti", .malformed),
      ("text/plain", .unsupported),
    ] {
      let got = code { () throws(ImagingError) in
        _ = try ImageFile.decode(png, contentType: type)
      }
      #expect(got == expected)
    }
    #expect(
      code { () throws(ImagingError) in _ = try ImageFile.read(path: "/nowhere/at/all.png") }
        == .unreadable)
    #expect(
      code { () throws(ImagingError) in _ = try ImageFile.read(path: "/dev/zero") } == .unreadable)
  }

  private func crc(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
    var value: UInt32 = 0xffff_ffff
    for byte in bytes {
      value ^= UInt32(byte)
      for _ in 0..<8 { value = value & 1 == 1 ? value >> 1 ^ 0xedb8_8320 : value >> 1 }
    }
    value = ~value
    return [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
  }
}
