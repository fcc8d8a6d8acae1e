import ArgumentParser
import BusProtocol
import Client
import Foundation
import Imaging
import JSONC
import Testing

@testable import segsam

/// From files that no server decodes to voxels, and masks in each format.
@Suite("Formats of files")
struct FileFormatTests {
  /// Those of `ImagingTests`.
  private func fixture(_ name: String) -> String {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("ImagingTests/Fixtures/\(name)").path
  }

  private func withFolder(_ body: (String) throws -> Void) throws {
    let url = FileManager.default.temporaryDirectory
      .appendingPathComponent("segsam-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: url) }
    try body(url.path)
  }

  @Test func seriesIsSentAsVoxels() throws {
    let file = try InputFile(path: fixture("dicom/oblique"))
    #expect(file.kind == .dicom && file.contentType == nil && file.bytes.isEmpty)
    let image = try file.image(modality: nil)
    guard case .tensor(let tensor) = file.source(image) else {
      Issue.record("no tensor")
      return
    }
    #expect(tensor.entry.datatype == .int16 && tensor.entry.shape == image.gridShape)
    #expect(tensor.payload.count == 2 * image.voxelCount)
    #expect(tensor.entry.parameters["modality"] == "CT")
    #expect(tensor.entry.parameters["intensity"] == "HU")
    #expect(tensor.entry.parameters["layout"] == "DHW")
    #expect(tensor.entry.parameters["affine"]?.arrayValue?.count == 4)
  }

  @Test func pictureInColour() throws {
    let file = try InputFile(path: fixture("dicom/rgb.dcm"))
    guard case .tensor(let tensor) = file.source(try file.image(modality: nil)) else {
      Issue.record("no tensor")
      return
    }
    #expect(tensor.entry.datatype == .uint8 && tensor.entry.shape == [4, 5, 3])
    #expect(tensor.entry.parameters["layout"] == "HWC")
    #expect(tensor.entry.parameters["affine"] == nil)
  }

  @Test func chosenSeries() throws {
    let error = try #require(throws: ImagingError.self) {
      try InputFile(path: fixture("dicom/two"))
    }
    #expect(error.message.contains("--series"))
    let command = try #require(
      try SegsamCommand.parseAsRoot([
        "segment", fixture("dicom/two"), "--series", "12", "-c", "liver", "-o", "x",
        "--mask-format", "nii.gz",
      ]) as? SegmentCommand)
    #expect(command.maskFormat == .niftiGzip)
    let file = try InputFile(path: command.image, options: command.dicom.options)
    #expect(try file.image(modality: nil).modality == .mr)
    #expect(throws: ImagingError.self) {
      try InputFile(path: fixture("grids/int16.nrrd"), options: command.dicom.options)
    }
  }

  @Test(arguments: [
    ("dicom/oblique", "nii.gz"), ("grids/int16.nrrd", "nrrd"), ("grids/detached0.nhdr", "nrrd"),
    ("grids/int16.mha", "mha"), ("grids/detached1.mhd", "mha"), ("int16.nii.gz", "nii.gz"),
  ])
  func masksComeBackOnTheGrid(name: String, wanted: String) throws {
    let file = try InputFile(path: fixture(name))
    let image = try file.image(modality: "CT")
    var mask = BinaryMask(width: image.width, height: image.height, depth: image.depth)
    mask.voxels[3] = 1
    try withFolder { folder in
      for container in [nil, .niftiGzip, .nifti, .nrrd, .metaImage] as [MaskFormat.Container?] {
        let format = MaskFormat(kind: file.kind, image: image, chosen: container)
        if container == nil { #expect(format.fileExtension == wanted) }
        let path = folder + "/mask." + format.fileExtension
        try format.write(mask, to: path)
        let back = try ImageFile.read(path: path)
        #expect(back.samples.map { UInt8($0) } == mask.voxels)
        for (a, b) in zip(back.affine.rows.joined(), image.affine.rows.joined()) {
          #expect(abs(a - b) < 1e-5)
        }
        let labels = LabelMap(
          width: image.width, height: image.height, depth: image.depth,
          labels: mask.voxels.map { UInt16($0) * 2 })
        try format.write(labels, colors: [[1, 2, 3], [4, 5, 6]], to: path)
        #expect(try ImageFile.readLabels(path: path) == labels)
      }
    }
  }
}
