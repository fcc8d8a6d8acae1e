import Foundation
import Imaging
import SegSAM
import Synchronization
import Vocabulary

/// Finds each category by a grey level of its own, slice by slice: an engine whose right answer is known
/// for any part of any image.
final class ThresholdEngine: SegmentationEngine {
  let model = ModelInfo(name: "threshold", version: "1")
  /// Category → the value that its voxels have.
  let values: [String: Float]
  /// How many slices were looked at, and in which images.
  private let looks = Mutex<[(slices: Int, size: [Int])]>([])

  init(_ values: [String: Float]) { self.values = values }

  var trainedCategories: Set<String> { Set(values.keys) }
  var inputSide: Int { 48 }
  var looked: [(slices: Int, size: [Int])] { looks.withLock { $0 } }

  func prepare(_ image: MedicalImage, imageKey: String) async throws {}

  func segment(
    _ image: MedicalImage, imageKey: String, queries: [Query], options: SegmentOptions,
    progress: (@Sendable (Int, Int) -> Void)?
  ) async throws -> SegmentationResult {
    try Task.checkCancellation()
    let view = AxialView(image)
    let viewed = try view.view(image)
    let slices = options.slices ?? Set(0..<viewed.depth)
    looks.withLock { $0.append((slices.count, [viewed.width, viewed.height])) }
    let area = viewed.width * viewed.height
    var labels: [String] = []
    var semantic = LabelMap(width: viewed.width, height: viewed.height, depth: viewed.depth)
    var results: [QueryResult] = []
    for query in queries {
      var (mask, presence) = (
        BinaryMask(width: viewed.width, height: viewed.height, depth: viewed.depth),
        [Double](repeating: 0, count: viewed.depth)
      )
      var category: String?
      if case .category(let id) = query.subject { category = id }
      // Without a name: the brightest that is there.
      let samples = viewed.samples
      let brightest = values.values.filter(Set(samples).contains).max()
      let wanted = category.map { values[$0] ?? -1 } ?? brightest ?? -1
      for k in slices {
        for v in k * area..<(k + 1) * area where samples[v] == wanted {
          mask.voxels[v] = 1
          presence[k] = 0.9
        }
      }
      if let category {
        if !labels.contains(category) { labels.append(category) }
        let label = UInt16((labels.firstIndex(of: category) ?? 0) + 1)
        for v in mask.voxels.indices where mask.voxels[v] != 0 { semantic.labels[v] = label }
      }
      let isPresent = mask.boundingBox != nil
      results.append(
        QueryResult(
          category: category, isPresent: isPresent, presence: isPresent ? 0.9 : 0.01, score: 0.8,
          mask: try view.restore(mask), slicePresence: presence))
    }
    progress?(1, 1)
    return SegmentationResult(
      queries: results,
      semanticMask: options.wantsSemanticMask ? try view.restore(semantic) : nil, labels: labels,
      probabilities: options.wantsProbabilities ? values.mapValues { _ in 0.5 } : [:],
      timing: ["image_encoder": 1, "decoders": 1])
  }
}

/// A body of soft tissue in air with boxes of a value in it, in the radiological view.
struct BoxBody {
  var size: [Int]
  var spacing: [Double] = [4, 4, 3]
  private(set) var image: MedicalImage

  init(size: [Int] = [48, 40, 40], spacing: [Double] = [4, 4, 3]) {
    self.size = size
    self.spacing = spacing
    image = MedicalImage(
      width: size[0], height: size[1], depth: size[2],
      samples: [Float](repeating: -1000, count: size.reduce(1, *)),
      affine: .radiological(spacing: spacing), modality: .ct, intensity: .hounsfield,
      isVolume: true, hasSpacing: true)
    fill(4..<size[0] - 4, 4..<size[1] - 4, 0..<size[2], 10)
  }

  mutating func fill(_ i: Range<Int>, _ j: Range<Int>, _ k: Range<Int>, _ value: Float) {
    for z in k {
      for y in j { for x in i { image.samples[(z * size[1] + y) * size[0] + x] = value } }
    }
  }

  func mask(of value: Float) -> BinaryMask {
    BinaryMask(
      width: size[0], height: size[1], depth: size[2],
      voxels: image.samples.map { $0 == value ? 1 : 0 })
  }
}

let testVocabulary = Result { try Vocabulary.load(at: VocabularyLocation.find()) }

/// In how many voxels two masks differ; all where one is missing. (Masks themselves would fill pages
/// of a failure's message.)
func differing(_ a: BinaryMask?, _ b: BinaryMask?) -> Int {
  guard let a, let b, a.voxels.count == b.voxels.count else { return .max }
  return zip(a.voxels, b.voxels).count { $0 != $1 }
}
