import Foundation
import Imaging
import Testing

/// The message of the error that reading gives.
func problem(_ path: String, _ options: DICOMOptions = .standard) -> ImagingError? {
  do throws(ImagingError) {
    _ = try ImageFile.read(path: path, dicom: options)
    return nil
  } catch {
    return error
  }
}

@Suite struct DICOMTests {
  @Test(arguments: [
    "oblique", "flipped", "tilt", "implicit", "bigendian", "jpeg", "jpegll", "jpegls", "rle",
    "enhanced.dcm", "enhanced_implicit.dcm", "bits12.dcm", "mono1.dcm", "rgb.dcm", "planar.dcm",
    "palette.dcm",
  ])
  func agreesWithReference(name: String) throws {
    let expected = try #require(try GridReference.all("dicom")[name])
    let image = try ImageFile.read(path: fixture("dicom/" + name))
    let shape =
      image.gridShape.count == 2 && expected.shape.count == 3 && image.channels == 1
      ? [1] + image.gridShape : image.gridShape + (image.channels == 3 ? [3] : [])
    #expect(shape == expected.shape)
    #expect(image.samples.map(Double.init) == expected.values)
    #expect(expected.distance(image) < 1e-4)
    #expect(image.affine.isUsable)
  }

  @Test func meaning() throws {
    let ct = try ImageFile.read(path: fixture("dicom/oblique"))
    #expect(ct.modality == .ct && ct.intensity == .hounsfield && ct.hasSpacing && ct.isVolume)
    #expect(zip(ct.affine.spacing, [0.6, 0.5, 5]).allSatisfy { abs($0 - $1) < 1e-6 })
    let mr = try ImageFile.read(path: fixture("dicom/flipped"))
    #expect(mr.modality == .mr && mr.intensity == .raw)
    let picture = try ImageFile.read(path: fixture("dicom/mono1.dcm"))
    #expect(!picture.isVolume && !picture.hasSpacing && picture.modality?.rawValue == "DX")
    let slice = try ImageFile.read(path: fixture("dicom/oblique/03-0.dcm"))
    #expect(!slice.isVolume && slice.hasSpacing && abs(slice.affine.spacing[2] - 5) < 1e-6)
    // Whose numbers are HU, they stay so.
    let forced = try ImageFile.read(path: fixture("dicom/mono1.dcm"), intensity: .hounsfield)
    #expect(forced.samples == (0..<20).map(Float.init))
  }

  @Test func tiltIsShear() throws {
    let image = try ImageFile.read(path: fixture("dicom/tilt"))
    #expect(abs(image.affine.spacing[2] - (1.2 * 1.2 + 4.5 * 4.5).squareRoot()) < 1e-9)
    #expect(abs(abs(image.affine.determinant) - 0.5 * 0.5 * 4.5) < 1e-9)
  }

  @Test func severalSeries() throws {
    let folder = fixture("dicom/two")
    let all = try DICOMSeries.find(at: folder)
    #expect(all.map(\.number) == [11, 12] && all.map(\.imageCount) == [3, 4])
    #expect(all.map(\.description) == ["arterial", "T2 <tra>"])
    #expect(all[0].studyUID == all[1].studyUID && all[0].frameOfReferenceUID != nil)
    let error = try #require(problem(folder))
    #expect(error.code == .mismatch)
    for series in all {
      #expect(error.message.contains(series.summary))
      #expect(!error.message.contains("Nobody"))
      for name in [series.uid, "\(series.number!)"] {
        let image = try ImageFile.read(path: folder, dicom: DICOMOptions(series: name))
        #expect(image.depth == series.imageCount && image.modality == series.modality)
      }
    }
    #expect(problem(folder, DICOMOptions(series: "13"))?.message.contains("no series 13") == true)
  }

  @Test func missingSlices() throws {
    let folder = fixture("dicom/missing")
    let error = try #require(problem(folder))
    #expect(error.code == .mismatch && error.message.contains("2 slices are missing"))
    let image = try ImageFile.read(
      path: folder, dicom: DICOMOptions(allowsMissingSlices: true))
    #expect(image.depth == 7)
    #expect(abs(image.affine.spacing[2] - 5) < 1e-6)
    let area = image.width * image.height
    for n in 0..<area {
      let (a, b) = (image.samples[2 * area + n], image.samples[5 * area + n])
      #expect(abs(image.samples[3 * area + n] - (a + (b - a) / 3)) < 1e-2)
      #expect(abs(image.samples[4 * area + n] - (a + (b - a) * 2 / 3)) < 1e-2)
    }
  }

  @Test func volumesAtTheSamePlaces() throws {
    let folder = fixture("dicom/phases")
    #expect(problem(folder)?.message.contains("--volume") == true)
    for volume in 1...2 {
      let image = try ImageFile.read(path: folder, dicom: DICOMOptions(volume: volume))
      #expect(image.depth == 3)
      #expect(
        image.samples[0] == Float(100 * volume) && image.samples[8] == Float(100 * volume + 2))
    }
    #expect(problem(folder, DICOMOptions(volume: 3))?.code == .mismatch)
  }

  @Test func refused() throws {
    #expect(problem(fixture("dicom/localiser"))?.message.contains("not parallel") == true)
    let jpeg = try #require(problem(fixture("dicom/jpeg2000.dcm")))
    #expect(jpeg.code == .unsupported && jpeg.message.contains("JPEG 2000 lossless"))
    #expect(problem(fixture("dicom/two/report.dcm"))?.code == .unsupported)
    #expect(problem(fixture("dicom/two/report.dcm"))?.message.contains("no image") == true)
    try withTemporaryFolder { folder in
      #expect(problem(folder)?.message.contains("no DICOM images") == true)
    }
  }
}
