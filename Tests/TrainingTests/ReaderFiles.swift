import Foundation
import Imaging
import Vocabulary

@testable import Training

/// A temporary folder in which tests lay out data sets of any kind.
final class ReaderFiles {
  let folder: URL

  init() throws {
    folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("readers-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  func path(_ name: String) throws -> String {
    let file = folder.appendingPathComponent(name)
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    return file.path
  }

  func json(_ name: String, _ text: String) throws {
    try Data(text.utf8).write(to: URL(fileURLWithPath: path(name)))
  }

  func remove(_ name: String) throws {
    try FileManager.default.removeItem(at: folder.appendingPathComponent(name))
  }

  /// Gray, 8 × 6.
  func picture(_ name: String) throws {
    try ImageFile.writePNG(
      gray: (0..<48).map { UInt8($0 * 5) }, width: 8, height: 6, path: path(name))
  }

  /// Of 8 × 6 pixels, the columns of each value.
  func mask(_ name: String, _ columns: [(value: UInt16, from: Int, to: Int)]) throws {
    var map = LabelMap(width: 8, height: 6)
    for (value, from, to) in columns {
      for n in map.labels.indices where (from..<to).contains(n % 8) { map.labels[n] = value }
    }
    try ImageFile.writePNG(labels: map, path: path(name))
  }

  /// In the patient, the first axis goes to the left.
  static let affine = Affine.radiological(spacing: [2, 2, 3])

  /// Gray, 8 × 6 × 3.
  func volume(_ name: String, affine: Affine = ReaderFiles.affine) throws {
    try NIfTIFile.write(
      MedicalImage(
        width: 8, height: 6, depth: 3, samples: (0..<144).map { Float($0 - 70) }, affine: affine,
        isVolume: true, hasSpacing: true), path: path(name))
  }

  /// Of 8 × 6 × 3 voxels, the columns of each value.
  func labels(
    _ name: String, _ columns: [(value: UInt16, from: Int, to: Int)], depth: Int = 3,
    affine: Affine = ReaderFiles.affine
  ) throws {
    var map = LabelMap(width: 8, height: 6, depth: depth)
    for (value, from, to) in columns {
      for n in map.labels.indices where (from..<to).contains(n % 8) { map.labels[n] = value }
    }
    try NIfTIFile.write(labels: map, affine: affine, path: path(name))
  }

  func corpus(_ name: String = "") throws -> Corpus {
    try Corpus(
      directory: name.isEmpty ? folder : folder.appendingPathComponent(name),
      vocabulary: Self.vocabulary)
  }

  /// What reading says when it fails.
  func fault(_ name: String = "") -> String {
    do {
      _ = try corpus(name)
      return "nothing"
    } catch {
      return "\(error)"
    }
  }

  static let vocabulary: Vocabulary = {
    func entry(
      _ id: String, _ names: [String], _ side: Category.Laterality = .unpaired,
      inside: String? = nil, parts: [String] = []
    ) -> Category {
      let code = Category.CodedConcept(scheme: "99TEST", value: id, meaning: id)
      return Category(
        id: id, name: names[0], names: ["en": names], region: "abdomen", laterality: side,
        inside: inside, parts: parts, modalities: ["CT", "MR"],
        color: .init(red: 1, green: 2, blue: 3), dicom: .init(category: code, type: code))
    }
    return Vocabulary(
      categories: [
        entry("left_kidney", ["left kidney"], .left),
        entry("right_kidney", ["right kidney"], .right),
        entry(
          "kidneys", ["kidneys", "kidney"], .bilateral, parts: ["left_kidney", "right_kidney"]),
        entry("kidney_tumor", ["kidney tumor"], inside: "kidneys"),
        entry("liver", ["liver", "hepar"]), entry("spleen", ["spleen"]),
        entry("liver_tumor", ["liver tumor"], inside: "liver"), entry("polyp", ["polyp"]),
      ], descriptions: [])
  }()
}
