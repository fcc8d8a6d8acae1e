import Foundation
import Imaging
import Testing

/// The affine in `make_fixtures.py`.
private let oblique = Affine(rows: [
  [-0.75, 0, 0.125, 11.5], [0, 1.5, -0.5, -20.25], [0, 0.75, 3, 7], [0, 0, 0, 1],
])

private func expected(depth: Int = 2, _ change: (Float) -> Float = { $0 }) -> [Float] {
  (0..<depth).flatMap { k in
    (0..<3).flatMap { j in (0..<4).map { i in change(Float(i + 10 * j + 100 * k)) } }
  }
}

@Suite struct NIfTITests {
  @Test(arguments: [
    "uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64", "float32", "float64",
  ])
  func everyType(name: String) throws {
    let image = try ImageFile.read(path: fixture("\(name).nii.gz"), modality: .ct)
    #expect(image.gridShape == [2, 3, 4] && image.channels == 1)
    #expect(image.samples == expected { name == "int8" ? min($0, 127) : $0 })
    #expect(image.affine == oblique)
    #expect(image.isVolume && image.hasSpacing)
    #expect(image.intensity == (name.hasPrefix("u") ? .raw : .hounsfield))
  }

  @Test func bigEndian() throws {
    let image = try ImageFile.read(path: fixture("bigendian.nii"))
    #expect(image.samples == expected())
    #expect(image.affine == oblique)
    #expect(image.intensity == .raw)
  }

  @Test func scaling() throws {
    let image = try ImageFile.read(path: fixture("scaled.nii"))
    #expect(image.samples == expected { 2 * $0 - 1024 })
  }

  @Test func qformAlone() throws {
    let image = try ImageFile.read(path: fixture("qform.nii"))
    let c = 3.0.squareRoot() / 2
    let rows = [[-2 * c, -0.75, 0, 5], [-1, 1.5 * c, 0, 6], [0, 0, 4, 7], [0, 0, 0, 1]]
    for (got, want) in zip(image.affine.rows.joined(), rows.joined()) {
      #expect(abs(got - want) < 1e-5)
    }
  }

  @Test func ranks() throws {
    let slice = try ImageFile.read(path: fixture("slice.nii"))
    #expect(slice.gridShape == [3, 4] && !slice.isVolume)
    #expect(slice.samples == expected(depth: 1))
    let one = try ImageFile.read(path: fixture("one_of_4d.nii"))
    #expect(one.gridShape == [2, 3, 4] && one.samples == expected())
    #expect(
      code { () throws(ImagingError) in _ = try ImageFile.read(path: fixture("4d.nii")) }
        == .unsupported)
    #expect(
      code { () throws(ImagingError) in _ = try ImageFile.read(path: fixture("nifti2.nii")) }
        == .unsupported)
  }

  @Test(arguments: ["a.nii", "a.nii.gz"])
  func roundTrip(name: String) throws {
    try withTemporaryFolder { folder in
      let path = folder + "/" + name
      for largest in [9, 255, 256, 65535] as [UInt16] {
        var map = LabelMap(width: 3, height: 2, depth: 4)
        map.labels[5] = largest
        try NIfTIFile.write(labels: map, affine: oblique, path: path)
        #expect(try ImageFile.readLabels(path: path) == map)
        #expect(try ImageFile.read(path: path).affine == oblique)
      }
      for step in [1, 0.25] as [Float] {
        let volume = MedicalImage(
          width: 3, height: 2, depth: 2, samples: (0..<12).map { Float($0) * step - 1000 },
          affine: oblique, isVolume: true)
        try NIfTIFile.write(volume, path: path)
        let back = try ImageFile.read(path: path)
        #expect(back.samples == volume.samples && back.gridShape == volume.gridShape)
      }
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == [name])
    }
  }

  @Test func labelsMustBeWhole() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/half.nii"
      try NIfTIFile.write(
        MedicalImage(width: 2, height: 1, samples: [0.5, 1], isVolume: true), path: path)
      #expect(
        code { () throws(ImagingError) in _ = try ImageFile.readLabels(path: path) }
          == .unsupported)
    }
  }

  @Test func cutShort() throws {
    for name in ["int16.nii.gz", "scaled.nii", "bigendian.nii"] {
      let bytes = try fixtureBytes(name)
      for length in 0..<bytes.count {
        let got = code { () throws(ImagingError) in
          _ = try ImageFile.decode(
            Array(bytes[..<length]), contentType: "application/x-nifti")
        }
        #expect(got == .malformed, "\(name) cut to \(length)")
      }
    }
  }

  @Test func hostileHeaders() throws {
    let bytes = try fixtureBytes("scaled.nii")
    var big = bytes
    for axis in 1...3 { big.replaceSubrange(40 + 2 * axis..<42 + 2 * axis, with: [0xff, 0x7f]) }
    let decode = { (bytes: [UInt8]) in
      code { () throws(ImagingError) in
        _ = try ImageFile.decode(bytes, contentType: "application/x-nifti")
      }
    }
    #expect(decode(big) == .tooLarge)
    big.replaceSubrange(46..<48, with: [1, 0])
    #expect(decode(big) == .tooLarge)
    big.replaceSubrange(44..<46, with: [1, 0])
    #expect(decode(big) == .malformed)
    // Any bytes in the header: an error or an image, never a crash.
    var random = TestGenerator(state: 5)
    var refused = 0
    for _ in 0..<3000 {
      var mutated = bytes
      for _ in 0..<Int.random(in: 1...6, using: &random) {
        mutated[Int.random(in: 0..<352, using: &random)] = UInt8.random(in: 0...255, using: &random)
      }
      if decode(mutated) != nil { refused += 1 }
    }
    #expect(refused > 300)
  }
}
