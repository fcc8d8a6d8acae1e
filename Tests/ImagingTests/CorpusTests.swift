import Foundation
import Imaging
import Testing

/// Real files, where there are some (SEGSAM_CORPUS names the folder): image and mask fit together.
@Suite(.enabled(if: ProcessInfo.processInfo.environment["SEGSAM_CORPUS"] != nil))
struct CorpusTests {
  private struct DataSet: Decodable {
    struct Case: Decodable {
      var image: String, mask: String
    }
    var modality: String
    var labels: [String: String]
    var cases: [Case]
  }

  @Test func imagesAndMasksFit() throws {
    let root = try #require(ProcessInfo.processInfo.environment["SEGSAM_CORPUS"])
    for name in try FileManager.default.contentsOfDirectory(atPath: root).sorted() {
      let folder = root + "/" + name
      guard let json = FileManager.default.contents(atPath: folder + "/dataset.json") else {
        continue
      }
      let set = try JSONDecoder().decode(DataSet.self, from: json)
      for one in set.cases.prefix(3) {
        let image = try ImageFile.read(
          path: folder + "/" + one.image, modality: Modality(rawValue: set.modality))
        let mask = try ImageFile.readLabels(path: folder + "/" + one.mask)
        #expect(mask.width == image.width && mask.height == image.height, "\(name) \(one.image)")
        #expect(mask.depth == image.depth, "\(name) \(one.image)")
        for label in Set(mask.labels) where label != 0 {
          #expect(set.labels[String(label)] != nil, "\(name) \(one.mask): \(label)")
        }
        #expect(name != "openkbp" || image.intensity == .hounsfield)
      }
    }
  }
}
