import Foundation
import Imaging
import Testing

/// Files that are broken, or made to break the reader.
@Suite struct HostileDICOMTests {
  private let limits = DecodingLimits(maxPixels: 1 << 16, maxVoxels: 1 << 18)

  private func read(_ bytes: [UInt8], in folder: String) throws -> ImagingError? {
    let path = folder + "/a.dcm"
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    do throws(ImagingError) {
      _ = try ImageFile.read(path: path, limits: limits)
      return nil
    } catch {
      return error
    }
  }

  /// The bytes of a file from its beginning up to its data set, with another transfer syntax.
  private func meta(_ syntax: String) -> [UInt8] {
    var uid = Array(syntax.utf8)
    if uid.count % 2 == 1 { uid.append(0) }
    let element = [2, 0, 0x10, 0, 0x55, 0x49, UInt8(uid.count), 0] + uid
    return [UInt8](repeating: 0, count: 128) + Array("DICM".utf8)
      + [2, 0, 0, 0, 0x55, 0x4c, 4, 0, UInt8(element.count), 0, 0, 0] + element
  }

  private static let explicit = "1.2.840.10008.1.2.1", implicit = "1.2.840.10008.1.2"

  /// Sequences within sequences, each of undefined length.
  @Test(arguments: [20, 1000, 100_000])
  func deep(levels: Int) throws {
    let item: [UInt8] = [0xfe, 0xff, 0, 0xe0, 0xff, 0xff, 0xff, 0xff]
    let undefined: [UInt8] = [0xff, 0xff, 0xff, 0xff]
    let implicitHead: [UInt8] = [8, 0, 0x40, 0x11]
    // Of the first level, of the others: what is in an unknown element (UN) is in implicit VR.
    let heads: [(String, [UInt8], [UInt8])] = [
      (Self.explicit, implicitHead + [0x53, 0x51, 0, 0], implicitHead + [0x53, 0x51, 0, 0]),
      (Self.explicit, implicitHead + [0x55, 0x4e, 0, 0], implicitHead),
      (Self.implicit, implicitHead, implicitHead),
    ]
    try withTemporaryFolder { folder in
      for (syntax, first, others) in heads {
        let level = others + undefined + item
        let nested = first + undefined + item + (1..<levels).flatMap { _ in level }
        let error = try #require(try read(meta(syntax) + nested, in: folder))
        #expect(error.code == .tooLarge && error.message.contains("nested"))
      }
    }
  }

  /// The same with lengths that are said, so that nothing has to be delimited.
  @Test func deepWithLengths() throws {
    for (syntax, head) in [
      (Self.explicit, [8, 0, 0x40, 0x11, 0x53, 0x51, 0, 0] as [UInt8]),
      (Self.implicit, [8, 0, 0x40, 0x11]),
    ] {
      let (levels, width) = (20_000, head.count + 12)
      var bytes = meta(syntax)
      for level in 0..<levels {
        let item = (levels - level) * width - head.count - 12
        func length(_ n: Int) -> [UInt8] { (0..<4).map { UInt8(n >> (8 * $0) & 255) } }
        bytes += head + length(item + 8) + [0xfe, 0xff, 0, 0xe0] + length(item)
      }
      try withTemporaryFolder { folder in
        let error = try read(bytes, in: folder)
        #expect(error?.code == .tooLarge)
      }
    }
  }

  /// Where an element's value starts, of a file in explicit VR with short lengths.
  private func place(_ tag: [UInt8], _ bytes: [UInt8]) throws -> Int {
    let at = try #require(
      (132..<bytes.count - 8).first { Array(bytes[$0..<$0 + 4]) == tag })
    return at + 8
  }

  @Test func impossibleValues() throws {
    let bytes = try fixtureBytes("dicom/oblique/03-0.dcm")
    let huge: [UInt8] = [0xff, 0xff]
    let changes: [(what: String, tag: [UInt8], value: [UInt8], code: ImagingError.Code)] = [
      ("rows", [0x28, 0, 0x10, 0], huge, .tooLarge),
      ("no rows", [0x28, 0, 0x10, 0], [0, 0], .malformed),
      ("columns", [0x28, 0, 0x11, 0], [7, 0], .malformed),
      ("more rows", [0x28, 0, 0x10, 0], [0, 1], .malformed),
      ("allocated", [0x28, 0, 0, 1], [12, 0], .unsupported),
      ("allocated too", [0x28, 0, 0, 1], [32, 0], .malformed),
      ("stored", [0x28, 0, 1, 1], [17, 0], .malformed),
      ("high bit", [0x28, 0, 2, 1], [16, 0], .malformed),
      ("samples", [0x28, 0, 2, 0], [4, 0], .unsupported),
      ("many samples", [0x28, 0, 2, 0], huge, .malformed),
      ("many bits", [0x28, 0, 0, 1], huge, .malformed),
      ("slope", [0x28, 0, 0x53, 0x10], Array("0 ".utf8), .malformed),
      ("spacing", [0x28, 0, 0x30, 0], Array("-".utf8), .malformed),
      ("orientation", [0x20, 0, 0x37, 0], Array("9".utf8), .malformed),
    ]
    try withTemporaryFolder { folder in
      for change in changes {
        var changed = bytes
        let at = try place(change.tag, bytes)
        changed.replaceSubrange(at..<at + change.value.count, with: change.value)
        if change.what == "slope" {
          let length = Int(bytes[at - 2])
          changed.replaceSubrange(at..<at + length, with: Array(repeating: 0x30, count: length))
        }
        let error = try read(changed, in: folder)
        #expect(error?.code == change.code, "\(change.what): \(String(describing: error))")
      }
    }
  }

  /// Offsets that add up to something small in 32 bits.
  @Test func rleOffsets() throws {
    let bytes = try fixtureBytes("dicom/rle/00-0.dcm")
    // The header of the only frame: two segments, the first at byte 64.
    let header = try #require(
      (132..<bytes.count - 8).first { Array(bytes[$0..<$0 + 8]) == [2, 0, 0, 0, 64, 0, 0, 0] })
    try withTemporaryFolder { folder in
      for (at, value) in [
        (0, 0), (0, 3), (0, 15), (3, 255), (4, 0), (5, 0xff), (7, 0x86), (11, 0x86),
      ] {
        var changed = bytes
        changed[header + at] = UInt8(value)
        let error = try read(changed, in: folder)
        #expect(error?.code == .malformed, "byte \(at) as \(value)")
      }
    }
  }

  /// A marker without length where the JPEG should begin, segments that lead nowhere, other sizes.
  @Test(arguments: ["jpeg/00-0.dcm", "jpegll/00-0.dcm", "jpegls/00-0.dcm"])
  func jpegHeaders(name: String) throws {
    let bytes = try fixtureBytes("dicom/" + name)
    let start = try #require(
      (132..<bytes.count - 8).first { Array(bytes[$0..<$0 + 3]) == [0xff, 0xd8, 0xff] })
    let frame = try #require(
      (start..<bytes.count - 8).first { bytes[$0] == 0xff && [0xc3, 0xf7].contains(bytes[$0 + 1]) })
    try withTemporaryFolder { folder in
      for (at, value) in [
        (start + 1, 1), (start + 3, 1), (start + 2, 0), (frame + 5, 255), (frame + 7, 255),
        (frame + 9, 3), (frame + 1, 0xd9),
      ] {
        var changed = bytes
        changed[at] = UInt8(value)
        let error = try read(changed, in: folder)
        #expect(error?.code == .malformed, "byte \(at - start) as \(value)")
      }
    }
  }

  @Test func framesThatAreNotThere() throws {
    var bytes = try fixtureBytes("dicom/enhanced.dcm")
    let at = try place([0x28, 0, 8, 0], bytes)
    for (frames, code) in [
      ("9 ", ImagingError.Code.malformed), ("0 ", .malformed), ("-1", .malformed),
      ("xx", .malformed),
    ] {
      bytes.replaceSubrange(at..<at + 2, with: Array(frames.utf8))
      try withTemporaryFolder { folder in
        let got = try read(bytes, in: folder)?.code
        #expect(got == code || frames == "xx" && got == nil || got == .mismatch, "\(frames)")
      }
    }
  }

  @Test(arguments: [
    "oblique/03-0.dcm", "implicit/00-0.dcm", "bigendian/00-0.dcm", "jpegll/00-0.dcm",
    "rle/00-0.dcm", "enhanced.dcm", "palette.dcm",
  ])
  func cutShort(name: String) throws {
    let bytes = try fixtureBytes("dicom/" + name)
    try withTemporaryFolder { folder in
      // A compressed image of even length may lack its last delimiter and be whole all the same.
      for length in stride(from: 0, to: bytes.count - 8, by: 5) {
        let error = try read(Array(bytes[..<length]), in: folder)
        #expect(error != nil, "cut to \(length)")
        let expected: Set<ImagingError.Code> = [.malformed, .unsupported]
        #expect(error.map { expected.contains($0.code) } == true, "cut to \(length)")
      }
    }
  }

  @Test(arguments: [
    "oblique/03-0.dcm", "implicit/00-0.dcm", "jpegll/00-0.dcm", "jpegls/00-0.dcm", "jpeg/00-0.dcm",
    "rle/00-0.dcm", "enhanced.dcm", "enhanced_implicit.dcm", "palette.dcm", "rgb.dcm",
  ])
  func changed(name: String) throws {
    let bytes = try fixtureBytes("dicom/" + name)
    var random = TestGenerator(state: 17)
    try withTemporaryFolder { folder in
      for round in 0..<400 {
        var changed = bytes
        for _ in 0..<(1 + round % 6) {
          // Half of the changes in the second half, where the pixels are.
          let from = Bool.random(using: &random) ? 132 : bytes.count / 2
          changed[Int.random(in: from..<bytes.count, using: &random)] = .random(
            in: 0...255, using: &random)
        }
        _ = try read(changed, in: folder)
      }
    }
  }

  /// What a folder of downloads may hold.
  @Test func oddFolder() throws {
    try withTemporaryFolder { folder in
      for name in try FileManager.default.contentsOfDirectory(atPath: fixture("dicom/oblique")) {
        try FileManager.default.copyItem(
          atPath: fixture("dicom/oblique/" + name), toPath: folder + "/" + name)
      }
      mkfifo(folder + "/fifo", 0o600)
      try FileManager.default.createSymbolicLink(
        atPath: folder + "/loop", withDestinationPath: folder)
      try FileManager.default.createSymbolicLink(
        atPath: folder + "/nowhere", withDestinationPath: folder + "/not there")
      try Data().write(to: URL(fileURLWithPath: folder + "/empty.dcm"))
      try Data("some text".utf8).write(to: URL(fileURLWithPath: folder + "/readme.txt"))
      var deep = folder
      for _ in 0..<12 { deep += "/d" }
      try FileManager.default.createDirectory(atPath: deep, withIntermediateDirectories: true)
      #expect(problem(folder) == nil)
      // But a damaged slice is no other file.
      let bytes = try fixtureBytes("dicom/oblique/03-0.dcm")
      try Data(bytes[..<400]).write(to: URL(fileURLWithPath: folder + "/broken.dcm"))
      let error = try #require(problem(folder))
      #expect(error.code == .malformed && error.message.contains("broken.dcm"))
    }
  }
}
