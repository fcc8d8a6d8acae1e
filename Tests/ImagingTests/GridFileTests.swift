import Foundation
import Imaging
import Testing

@Suite("NRRD and MetaImage") struct GridFileTests {
  @Test func agreesWithSimpleITK() throws {
    let references = try GridReference.all("grids")
    #expect(references.count > 24)
    for (name, expected) in references {
      let image = try ImageFile.read(path: fixture("grids/" + name), modality: .ct)
      #expect(image.gridShape == expected.shape, "\(name)")
      #expect(image.samples.map(Double.init) == expected.values, "\(name)")
      #expect(expected.distance(image) < 1e-6, "\(name)")
      let isUnsigned =
        name.hasPrefix("u") || ["skip.nrrd", "tail.nrrd", "size.mha"].contains(name)
      #expect((image.intensity == .hounsfield) != isUnsigned, "\(name)")
      #expect(image.hasSpacing && image.isVolume)
    }
  }

  @Test(arguments: ["a.nrrd", "a.mha"], [UInt16(1), 300])
  func roundTrip(name: String, largest: UInt16) throws {
    // Sheared too.
    let affine = Affine(rows: [
      [-0.1, 0.7, 1 / 3.0, -12.3], [0.45, 0.2, 0.01, 1e-7], [0, -0.3, 5.25, 77.7], [0, 0, 0, 1],
    ])
    var map = LabelMap(width: 5, height: 4, depth: 3)
    for n in map.labels.indices { map.labels[n] = n % 7 == 0 ? largest : UInt16(n % 2) }
    try withTemporaryFolder { folder in
      let path = folder + "/" + name
      if name.hasSuffix("nrrd") {
        try NRRDFile.write(labels: map, affine: affine, path: path)
      } else {
        try MetaImageFile.write(labels: map, affine: affine, path: path)
      }
      #expect(try ImageFile.readLabels(path: path) == map)
      let back = try ImageFile.read(path: path).affine
      if name.hasSuffix("nrrd") { #expect(back == affine) }
      for (a, b) in zip(back.rows.joined(), affine.rows.joined()) { #expect(abs(a - b) < 1e-12) }
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == [name])
      var mask = BinaryMask(width: 5, height: 4, depth: 3)
      mask.voxels[7] = 1
      if name.hasSuffix("nrrd") {
        try NRRDFile.write(mask: mask, affine: affine, path: path)
      } else {
        try MetaImageFile.write(mask: mask, affine: affine, path: path)
      }
      #expect(try ImageFile.readLabels(path: path).mask(of: 1) == mask)
    }
  }

  @Test func otherOrientations() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/a.mha"
      // Letters count where there is no matrix; ITK does not look at them.
      for (letters, wanted) in [("RAI", "LPS"), ("LPS", "RAI"), ("ASR", "PIL"), ("???", "LPS")] {
        let header = """
          NDims = 3
          DimSize = 1 1 1
          AnatomicalOrientation = \(letters)
          ElementSpacing = 1 2 3
          ElementType = MET_UCHAR
          ElementDataFile = LOCAL

          """
        try Data((header + "x").utf8).write(to: URL(fileURLWithPath: path))
        let image = try ImageFile.read(path: path)
        #expect(Orientation(image.affine).description == wanted)
        #expect(image.affine.spacing == [1, 2, 3])
      }
    }
  }

  static let nrrd = "NRRD0004\ntype: uchar\ndimension: 3\nsizes: 2 2 1\nencoding: raw\n"
  static let meta = "NDims = 3\nDimSize = 2 2 1\nElementType = MET_UCHAR\n"

  @Test(arguments: [
    (nrrd + "data file: /etc/passwd\n\n", ImagingError.Code.unsupported),
    (nrrd + "data file: ../secret.raw\n\n", .unsupported),
    (nrrd + "data file: link.raw\n\n", .unreadable),
    (nrrd + "data file: fifo.raw\n\n", .unreadable),
    (nrrd + "data file: LIST\na.raw\n\n", .malformed),
    (nrrd + "data file: a%03d.raw 1 9 1\n\n", .unsupported),
    (nrrd + "\nabc", .malformed),
    (
      nrrd + "space: 3D-right-handed\nspace directions: (1,0,0) (0,1,0) (0,0,1)\n\nabcd",
      .unsupported
    ),
    (nrrd + "space: LPS\nspace directions: (1,0,0) (1,0,0) (0,0,1)\n\nabcd", .malformed),
    (nrrd + "space: LPS\nspace directions: (1,0,0) (0,1,0)\n\nabcd", .malformed),
    (nrrd + "space: LPS\nspace directions: (1,0) (0,inf,0) (0,0,1)\n\nabcd", .malformed),
    (nrrd + "byte skip: -7\n\nabcd", .malformed),
    (nrrd + "byte skip: 99999999999999999999\n\nabcd", .malformed),
    (nrrd + "line skip: 5\n\nabcd", .malformed),
    ("NRRD0004\ntype: block\ndimension: 1\nsizes: 1\nencoding: raw\n\na", .unsupported),
    ("NRRD0004\ntype: uchar\ndimension: 2\nsizes: 1\nencoding: raw\n\na", .malformed),
    ("NRRD0004\ntype: short\ndimension: 2\nsizes: 1 1\nencoding: raw\n\naa", .malformed),
    (
      "NRRD0004\ntype: uchar\ndimension: 3\nsizes: 1048576 1048576 1048576\nencoding: raw\n\na",
      .tooLarge
    ),
    (
      "NRRD0004\ntype: uchar\ndimension: 3\nsizes: 9223372036854775807 3 3\nencoding: raw\n\na",
      .malformed
    ),
    ("NRRD0004\ntype: uchar\ndimension: 3\nsizes: 9000 9000 3\nencoding: gzip\n\na", .malformed),
    ("NRRD0004\ntype: uchar\ndimension: 4\nsizes: 2 1 1 2\nencoding: raw\n\nabcd", .unsupported),
    ("NRRD0004\nno field\n\n", .malformed),
    ("NRRD0004\n" + String(repeating: "#\n", count: 5000), .malformed),
    ("NRRD0004\n#" + String(repeating: "x", count: 1 << 17), .malformed),
    (meta + "ElementDataFile = ../secret.raw\n", .unsupported),
    (meta + "ElementDataFile = /etc/passwd\n", .unsupported),
    (meta + "ElementDataFile = link.raw\n", .unreadable),
    (meta + "ElementDataFile = LIST\n", .unsupported),
    (meta + "ElementDataFile = LOCAL\nabc", .malformed),
    (meta + "TransformMatrix = 1 0 0 1 0 0 0 0 1\nElementDataFile = LOCAL\nabcd", .malformed),
    (meta + "ElementSpacing = 0 1 1\nElementDataFile = LOCAL\nabcd", .malformed),
    (meta + "ElementSpacing = 1 1\nElementDataFile = LOCAL\nabcd", .malformed),
    (meta + "ElementSpacing = nan 1 1\nElementDataFile = LOCAL\nabcd", .malformed),
    (meta + "CompressedData = True\nElementDataFile = LOCAL\nabcd", .malformed),
    (meta, .malformed),
    ("ObjectType = Mesh\n" + meta + "ElementDataFile = LOCAL\nabcd", .unsupported),
    ("NDims = 3\nDimSize = -1 2 2\nElementType = MET_UCHAR\nElementDataFile = LOCAL\n", .malformed),
    (
      "NDims = 3\nDimSize = 2 2 2\nElementType = MET_STRING\nElementDataFile = LOCAL\n",
      .unsupported
    ),
  ])
  func hostile(text: String, wanted: ImagingError.Code) throws {
    try withTemporaryFolder { folder in
      try Data("abcd".utf8).write(to: URL(fileURLWithPath: folder + "/real"))
      try FileManager.default.createSymbolicLink(
        atPath: folder + "/link.raw", withDestinationPath: folder + "/real")
      mkfifo(folder + "/fifo.raw", 0o600)
      let path = folder + (text.hasPrefix("NRRD") ? "/a.nrrd" : "/a.mha")
      try Data(text.utf8).write(to: URL(fileURLWithPath: path))
      let got = code { () throws(ImagingError) in _ = try ImageFile.read(path: path) }
      #expect(got == wanted)
    }
  }

  @Test(arguments: ["int16.nrrd", "uint16.nrrd", "int16.mha", "uint16.mha", "ras.nrrd", "big.mha"])
  func cutShortAndChanged(name: String) throws {
    let bytes = try fixtureBytes("grids/" + name)
    var random = TestGenerator(state: 5)
    try withTemporaryFolder { folder in
      let path = folder + "/" + name
      for length in stride(from: 0, to: bytes.count, by: 3) {
        try Data(bytes[..<length]).write(to: URL(fileURLWithPath: path))
        let got = code { () throws(ImagingError) in _ = try ImageFile.read(path: path) }
        #expect(got != nil, "cut to \(length)")
      }
      for _ in 0..<300 {
        var changed = bytes
        for _ in 0..<3 {
          changed[Int.random(in: 0..<bytes.count, using: &random)] = .random(
            in: 0...255, using: &random)
        }
        try Data(changed).write(to: URL(fileURLWithPath: path))
        _ = try? ImageFile.read(
          path: path, limits: DecodingLimits(maxPixels: 1 << 16, maxVoxels: 1 << 16))
      }
    }
  }
}
