import Foundation
import Imaging
import NeuralGraph
import OpenVINORuntime
import SegSAM
import Vocabulary

/// The small network of the fixtures as a bundle, and a detector that finds two fixed objects.
enum SAMTinyModel {
  static let isPossible: Bool =
    (try? OpenVINO.load()) != nil && (try? VocabularyLocation.find()) != nil

  static func manifest(_ preprocessing: SAMConfiguration.Preprocessing = .sam) throws -> Manifest {
    var manifest = Manifest(
      name: "tiny-sam", version: "3", network: NetworkConfiguration(), categories: [],
      modalities: [], textEncoder: "")
    manifest.sam = try SAMExample.small.configuration
    manifest.sam?.preprocessing = preprocessing
    return manifest
  }

  /// By way of files.
  static func bundle(_ preprocessing: SAMConfiguration.Preprocessing = .sam) throws -> ModelBundle {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("segsam-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    try ModelBundle.save(
      manifest: manifest(preprocessing), weights: SAMExample.small.weights, to: folder)
    return try ModelBundle.load(directory: folder)
  }

  static func predictor(
    _ preprocessing: SAMConfiguration.Preprocessing = .sam,
    detector: (any SegmentationEngine)? = nil
  ) throws -> SAMPredictor {
    try SAMPredictor(
      bundle: bundle(preprocessing), vocabulary: TinyModel.vocabulary(),
      options: PredictorOptions(threads: 1, precision: .float32), detector: detector)
  }
}

/// Sees the left kidney as two blocks, the right one as one, a free text as the first block of all, and
/// nothing else.
struct BlockDetector: SegmentationEngine {
  let model = ModelInfo(name: "blocks", version: "5")
  let trainedCategories: Set<String> = ["left_kidney", "liver", "right_kidney"]

  func prepare(_ image: MedicalImage, imageKey: String) async throws {}

  func segment(
    _ image: MedicalImage, imageKey: String, queries: [Query], options: SegmentOptions,
    progress: (@Sendable (Int, Int) -> Void)?
  ) async throws -> SegmentationResult {
    func mask(_ blocks: [(x: Range<Int>, y: Range<Int>)]) -> BinaryMask {
      var mask = BinaryMask(width: image.width, height: image.height, depth: image.depth)
      for block in blocks {
        for y in block.y { for x in block.x { mask.voxels[y * image.width + x] = 1 } }
      }
      return mask
    }
    let left = [(x: 20..<32, y: 8..<22), (x: 2..<4, y: 1..<3)]
    let right = [(x: 4..<14, y: 10..<20)]
    for k in 0..<image.depth { progress?(k + 1, image.depth) }
    return SegmentationResult(
      queries: queries.map { query in
        let blocks =
          switch query.subject {
          case .category("left_kidney"), .freeText: left
          case .category("right_kidney"): right
          case .category("kidneys"): left + right
          default: [(x: Range<Int>, y: Range<Int>)]()
          }
        let name: String? = if case .category(let id) = query.subject { id } else { nil }
        return QueryResult(
          category: name ?? (query.subject == .unnamed ? "liver" : nil), isPresent: !blocks.isEmpty,
          presence: blocks.isEmpty ? 0.1 : 0.9, score: 0.5, mask: mask(blocks))
      },
      semanticMask: LabelMap(width: image.width, height: image.height, depth: image.depth),
      labels: ["left_kidney"], probabilities: ["liver": 0.25], timing: ["image_encoder": 1])
  }
}
