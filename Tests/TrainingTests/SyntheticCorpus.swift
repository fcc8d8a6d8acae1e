import Foundation
import Imaging
import SegSAM
import Vocabulary

@testable import Training

/// A corpus of rectangles in a temporary folder: MR slices with two kidneys and a lesion, CT slices
/// with both kidneys as one label, and colour pictures of cells.
final class SyntheticCorpus {
  let folder: URL
  static let (width, height) = (40, 30)

  /// Rectangles by mask value, in pixels: x0, y0, x1, y1.
  typealias Shapes = [(value: UInt16, x0: Int, y0: Int, x1: Int, y1: Int)]
  static let kidneys: Shapes = [
    (2, 4, 8, 14, 24), (1, 26, 8, 36, 24), (3, 28, 12, 32, 16),
  ]

  init() throws {
    folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("corpus-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  /// All three sets, whole.
  static func whole() throws -> SyntheticCorpus {
    let corpus = try SyntheticCorpus()
    try corpus.addKidneys([("a", "train", nil), ("b", "train", nil), ("c", "val", nil)])
    try corpus.add(
      "both", modality: "CT", labels: ["1": "kidneys"],
      cases: [("a", "train", nil, [(1, 4, 8, 14, 24), (1, 26, 8, 36, 24)])])
    try corpus.add(
      "cells", modality: "GM", labels: ["1": "cell"], colour: true,
      cases: [("a", "train", nil, [(1, 10, 5, 20, 15)])])
    return corpus
  }

  func addKidneys(_ cases: [(String, String, [String]?)]) throws {
    try add(
      "abdomen", modality: "MR",
      labels: ["1": "left_kidney", "2": "right_kidney", "3": "renal_lesion"],
      contains: ["left_kidney": ["renal_lesion"]],
      cases: cases.map { name, split, annotated in
        let looked = annotated ?? ["left_kidney", "right_kidney", "renal_lesion"]
        let shapes = Self.kidneys.filter {
          looked.contains(["left_kidney", "right_kidney", "renal_lesion"][Int($0.value) - 1])
        }
        return (name, split, annotated, shapes)
      })
  }

  func add(
    _ name: String, modality: String, labels: [String: String],
    contains: [String: [String]] = [:], colour: Bool = false,
    cases: [(name: String, split: String, annotated: [String]?, shapes: Shapes)]
  ) throws {
    let set = folder.appendingPathComponent(name)
    try FileManager.default.createDirectory(at: set, withIntermediateDirectories: true)
    let (w, h) = (Self.width, Self.height)
    var entries: [[String: Any]] = []
    for each in cases {
      var mask = LabelMap(width: w, height: h)
      // A ramp below, so that no two places look alike.
      var gray = (0..<w * h).map { UInt8(30 + $0 % w + $0 / w) }
      for shape in each.shapes {
        for y in shape.y0..<shape.y1 {
          for x in shape.x0..<shape.x1 {
            mask.labels[y * w + x] = shape.value
            gray[y * w + x] = 150 + 40 * UInt8(min(shape.value, 2))
          }
        }
      }
      let path = set.appendingPathComponent("\(each.name).png").path
      if colour {
        try ImageFile.writePNG(
          rgb: gray.flatMap { [$0, 255 - $0, 80] }, width: w, height: h, path: path)
      } else {
        try ImageFile.writePNG(gray: gray, width: w, height: h, path: path)
      }
      try ImageFile.writePNG(
        labels: mask, path: set.appendingPathComponent("\(each.name)_mask.png").path)
      var entry: [String: Any] = [
        "image": "\(each.name).png", "mask": "\(each.name)_mask.png", "patient": "p\(each.name)",
        "split": each.split,
      ]
      entry["annotated"] = each.annotated
      entries.append(entry)
    }
    let header: [String: Any] = [
      "name": name, "dimension": 2, "modality": modality, "licence": "CC0",
      "licence_class": "open", "labels": labels, "contains": contains, "cases": entries,
    ]
    try JSONSerialization.data(withJSONObject: header)
      .write(to: set.appendingPathComponent("dataset.json"))
  }

  /// Rewrites a set's header.
  func change(_ set: String, _ body: (String) -> String) throws {
    let file = folder.appendingPathComponent("\(set)/dataset.json")
    try body(String(contentsOf: file, encoding: .utf8)).write(
      to: file, atomically: true, encoding: .utf8)
  }

  static let categories = ["cell", "left_kidney", "renal_lesion", "right_kidney"]

  func store(split: Split = .train, side: Int = 32) throws -> SliceStore {
    try SliceStore.load(
      Corpus(directory: folder), split: split, vocabulary: Self.vocabulary,
      categories: Self.categories, side: side)
  }

  static let vocabulary: Vocabulary = {
    func entry(
      _ id: String, _ region: String, _ side: Category.Laterality,
      parts: [String] = [], modalities: [String]
    ) -> Category {
      let code = Category.CodedConcept(scheme: "99TEST", value: id, meaning: id)
      return Category(
        id: id, name: id, names: ["en": [id]], region: region, laterality: side, parts: parts,
        modalities: modalities, color: .init(red: 1, green: 2, blue: 3),
        dicom: .init(category: code, type: code))
    }
    return Vocabulary(
      categories: [
        entry("left_kidney", "abdomen", .left, modalities: ["CT", "MR"]),
        entry("right_kidney", "abdomen", .right, modalities: ["CT", "MR"]),
        entry(
          "kidneys", "abdomen", .bilateral, parts: ["left_kidney", "right_kidney"],
          modalities: ["CT", "MR"]),
        entry("renal_lesion", "abdomen", .unpaired, modalities: ["CT", "MR"]),
        entry("cell", "cells", .unpaired, modalities: ["GM"]),
      ], descriptions: [])
  }()
}

/// The tiny network of these tests.
func tinyConfiguration() -> NetworkConfiguration {
  var c = NetworkConfiguration()
  c.imageSize = 32
  c.width = 32
  c.stages = [8, 8, 16]
  c.stageBlocks = 1
  c.depth = 1
  c.heads = 2
  c.crossWidth = 16
  c.decoderMLP = 32
  c.upscaled = [8, 8]
  c.textWidth = 8
  c.aspects = 2
  c.points = 4
  return c
}

extension SyntheticCorpus {
  /// Vectors that tell every category from every other: the first number is its index and one.
  static func texts(_ c: NetworkConfiguration) -> AspectVectors {
    var table: [String: [String: [Float]]] = [:]
    for (index, category) in categories.enumerated() {
      var random = SeededRandom(seed: UInt64(index))
      for modality in ["MR", "CT", "GM"] {
        var values = (0..<c.aspects * c.textWidth).map { _ in random.uniform(-1, 1) }
        for aspect in 0..<c.aspects { values[aspect * c.textWidth] = Float(index + 1) }
        table[category, default: [:]][modality] = values
      }
    }
    return AspectVectors(table, width: c.aspects * c.textWidth)
  }

  /// Batches of a store; `isPlain`: of images as they are.
  func maker(images: Int = 3, slots: Int = 9, isPlain: Bool = false) throws -> BatchMaker {
    let store = try store()
    let c = tinyConfiguration()
    var maker = BatchMaker(
      store: store, texts: Self.texts(c), configuration: c,
      shape: BatchShape(images: images, slots: slots, perImage: 3, pairs: store.pairs))
    if isPlain {
      maker.augmentation.plainChance = 1
      maker.augmentation.gamma = 0
      maker.augmentation.contrast = 0
      maker.augmentation.brightness = 0
      maker.augmentation.noise = 0
      (maker.augmentation.curveChance, maker.augmentation.tint) = (0, 0)
      maker.augmentation.bendChance = 0
      maker.augmentation.driftChance = 0
      maker.augmentation.blurChance = 0
      maker.augmentation.coarseChance = 0
    }
    return maker
  }
}
