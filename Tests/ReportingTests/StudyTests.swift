import Foundation
import Imaging
import SegSAM
import Testing

@testable import Reporting

private let model = ModelInfo(name: "test <model>", version: "3")

/// A 4×3×2 volume in RAS, a mask of three voxels, an absent query and a composite.
private func study(name: String = "liver", isVolume: Bool = true, hasSpacing: Bool = true) throws
  -> Study
{
  let depth = isVolume ? 2 : 1
  let image = MedicalImage(
    width: 4, height: 3, depth: depth, samples: (0..<12 * depth).map(Float.init),
    affine: Affine(rows: [[2, 0, 0, 0], [0, 3, 0, 0], [0, 0, 5, 0], [0, 0, 0, 1]]),
    modality: .ct, intensity: .hounsfield, isVolume: isVolume, hasSpacing: hasSpacing)
  var mask = BinaryMask(width: 4, height: 3, depth: depth)
  for at in isVolume ? [5, 18, 19] : [5, 6, 7] { mask.voxels[at] = 1 }
  let empty = BinaryMask(width: 4, height: 3, depth: depth)
  var found = QueryResult(
    category: "liver", isPresent: true, presence: 0.9, score: 0.8, mask: mask)
  found.warnings = ["liver has <1> ml"]
  let absent = QueryResult(
    category: "kidneys", isPresent: false, presence: 0.1, score: 0.2, mask: empty,
    parts: [PartResult(category: "left_kidney", isPresent: false, presence: 0.1)])
  let result = SegmentationResult(
    queries: [found, absent], semanticMask: nil, labels: [], probabilities: [:], timing: [:])
  return try Study(
    image: image, results: [result],
    subjects: [
      Study.Subject(name: name, color: [200, 0, 0]),
      Study.Subject(name: "肾", color: [0, 0, 200]),
    ], model: model, created: "2026-11-21T00:00:00Z")
}

@Suite struct StudyTests {
  @Test func measuresOfAVolume() throws {
    let report = try study().report()
    #expect(report.image.shape == [2, 3, 4] && report.image.spacing == [2, 3, 5])
    let finding = report.findings[0]
    #expect(finding.voxels == 3 && finding.area == nil)
    #expect(abs(try #require(finding.volume) - 0.09) < 1e-12)
    #expect(finding.box == [1, 1, 0, 4, 2, 2])
    #expect(finding.slices == Finding.Slices(first: 0, last: 1, count: 2, largest: 1))
    let intensity = try #require(finding.intensity)
    #expect(intensity.mean == 14 && intensity.minimum == 5 && intensity.maximum == 19)
    #expect(abs(intensity.standardDeviation - (122.0 / 3).squareRoot()) < 1e-9)
    let absent = report.findings[1]
    #expect(!absent.present && absent.voxels == 0 && absent.box == nil && absent.volume == nil)
    #expect(absent.parts == [Finding.Part(category: "left_kidney", present: false, presence: 0.1)])
  }

  @Test func measuresOfAnImage() throws {
    let finding = try study(isVolume: false).report().findings[0]
    #expect(abs(try #require(finding.area) - 0.18) < 1e-12)
    #expect(finding.volume == nil && finding.slices == nil)
    #expect(finding.box == [1, 1, 4, 2])
    let blind = try study(isVolume: false, hasSpacing: false).report()
    #expect(blind.findings[0].area == nil && blind.image.spacing == nil)
    #expect(blind.image.affine == nil && blind.findings[0].voxels == 3)
  }

  @Test func warningsAreTold() throws {
    let study = try study()
    #expect(study.report().findings.map(\.warnings) == [["liver has <1> ml"], nil])
    #expect(try study.html().contains("⚠ liver has &lt;1&gt; ml"))
  }

  @Test func jsonKeepsEverything() throws {
    let report = try study().report()
    let data = try JSONEncoder().encode(report)
    #expect(try JSONDecoder().decode(StudyReport.self, from: data) == report)
    let text = String(decoding: data, as: UTF8.self)
    for key in ["volume_ml", "spacing_mm", "bbox", "\"sd\"", "notice"] {
      #expect(text.contains(key), "\(key)")
    }
  }

  @Test(arguments: [true, false])
  func pageStandsAlone(isVolume: Bool) throws {
    let evil = "<script>alert('x')</script> & \"quotes\""
    let page = try study(name: evil, isVolume: isVolume).html(title: "A < B")
    #expect(!page.contains("<script") && page.contains("&lt;script&gt;alert(&#39;x&#39;)"))
    #expect(page.contains("<title>A &lt; B</title>"))
    #expect(page.contains("test &lt;model&gt;") && page.contains("version 3"))
    #expect(page.contains("Not for diagnosis"))
    #expect(page.contains("prefers-color-scheme: dark"))
    #expect(page.contains("肾"))
    #expect(!page.contains("http://") && !page.contains("https://"))
    #expect(page.contains(isVolume ? "0.1 mL" : "0.18 cm²"))
    let pictures = page.matches(of: /src="data:image\/png;base64,([A-Za-z0-9+\/=]+)"/)
    #expect(pictures.count == 1)
    let coded = try #require(pictures.first).1
    let data = try #require(Data(base64Encoded: String(coded)))
    let picture = try ImageFile.decode([UInt8](data), contentType: "image/png")
    #expect(picture.channels == 3 && picture.height == 288)
    for tag in ["table", "tr", "td", "figure", "html", "body", "p", "div"] {
      let opened = page.matches(of: try Regex("<\(tag)[ >]")).count
      #expect(opened == page.components(separatedBy: "</\(tag)>").count - 1, "\(tag)")
    }
  }

  @Test func othersGridsAndNamesAreRefused() throws {
    let image = MedicalImage(width: 2, height: 2, samples: [0, 1, 2, 3])
    let result = SegmentationResult(
      queries: [
        QueryResult(
          category: nil, isPresent: true, presence: 1, score: 1,
          mask: BinaryMask(width: 3, height: 2))
      ], semanticMask: nil, labels: [], probabilities: [:], timing: [:])
    for subjects in [[], [Study.Subject(name: "a", color: [])]] {
      #expect(throws: ImagingError.self) {
        _ = try Study(image: image, results: [result], subjects: subjects, model: model)
      }
    }
  }
}
