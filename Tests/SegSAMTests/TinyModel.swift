import Foundation
import Imaging
import NeuralGraph
import OpenVINORuntime
import SegSAM
import TextEncoder
import Vocabulary

/// A small network with random weights, over a few real categories.
enum TinyModel {
  static let isPossible: Bool =
    (try? OpenVINO.load()) != nil && (try? TextEncoder()) != nil
    && (try? VocabularyLocation.find()) != nil

  static let categories = ["left_kidney", "liver", "pancreas", "right_kidney", "spleen"]

  static let configuration: NetworkConfiguration = {
    var c = NetworkConfiguration()
    c.imageSize = 48
    c.width = 32
    c.stages = [8, 8, 16]
    c.stageBlocks = 1
    c.depth = 1
    c.heads = 2
    c.crossWidth = 16
    c.decoderMLP = 32
    c.upscaled = [8, 8]
    c.sliceReach = 4
    return c
  }()

  static func manifest() -> Manifest {
    var manifest = Manifest(
      name: "tiny", version: "7", network: configuration, categories: categories,
      modalities: categories.map { _ in "CT" }, textEncoder: "any")
    // Random weights say nothing of presence: a threshold of 0 lets every mask through.
    manifest.presenceThresholds = Dictionary(uniqueKeysWithValues: categories.map { ($0, 0) })
    return manifest
  }

  /// Weights of unit gain, norms that scale by about 1, and biases of both signs.
  ///
  /// - Parameters:
  ///   - reach: of attention across slices; nil: without.
  ///   - encoder: another network's; nil: none.
  static func weights(
    attention reach: Double? = nil, encoder: ForeignEncoder? = nil
  ) throws -> [String: (shape: [Int], values: [Float])] {
    var configuration = configuration
    (configuration.sliceAttention, configuration.encoder) = (reach, encoder)
    let network = SegSAMNetwork(configuration: configuration, categoryCount: categories.count)
    let text = [Float](
      repeating: 0.1, count: categories.count * configuration.aspects * configuration.textWidth)
    var graphs = [
      try network.imageGraph(categoryText: text), try network.promptGraph(),
      try network.queryGraph(categoryText: text),
    ]
    if reach != nil { graphs.append(try network.sliceGraph(categoryText: text)) }
    return random(for: graphs)
  }

  /// The same network, whose slices look at those `reach` millimetres apart.
  static func looking(reach: Double, cacheBytes: Int = 64 << 20) throws -> Predictor {
    var manifest = manifest()
    manifest.network.sliceAttention = reach
    return try Predictor(
      bundle: bundle(manifest, weights(attention: reach)), vocabulary: vocabulary(),
      options: PredictorOptions(threads: 1, cacheBytes: cacheBytes, precision: .float32))
  }

  static func random(for graphs: [Graph]) -> [String: (shape: [Int], values: [Float])] {
    var random = SplitMix64(seed: 5)
    var weights: [String: (shape: [Int], values: [Float])] = [:]
    for graph in graphs {
      for node in graph.parameters where weights[node.name] == nil {
        let fanIn = Float(max(1, node.shape.dropFirst().reduce(1, *)))
        let values = (0..<node.shape.reduce(1, *)).map { _ in
          let unit = Float(random.next() >> 40) / Float(1 << 23) - 1
          // What places alone say counts 16-fold; else all masks would look alike.
          let share: Float = node.name.contains(".placed.") ? 1 / 16 : 1
          if node.shape.count > 1 { return share * unit * (3 / fanIn).squareRoot() }
          return node.name.hasSuffix("weight") ? 1 + 0.2 * unit : share * 0.3 * unit
        }
        weights[node.name] = (node.shape, values)
      }
    }
    return weights
  }

  /// The plain U-Net.
  static func unet() throws -> Predictor {
    var manifest = manifest()
    manifest.network.architecture = .unet
    let network = UNet(configuration: manifest.network, categoryCount: categories.count)
    return try Predictor(
      bundle: bundle(manifest, random(for: [network.imageGraph()])), vocabulary: vocabulary(),
      options: PredictorOptions(threads: 1, precision: .float32))
  }

  static func bundle() throws -> ModelBundle { try bundle(manifest(), weights()) }

  private static func bundle(
    _ manifest: Manifest, _ weights: [String: (shape: [Int], values: [Float])]
  ) throws -> ModelBundle {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("segsam-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    try ModelBundle.save(manifest: manifest, weights: weights, to: folder)
    return try ModelBundle.load(directory: folder)
  }

  static func vocabulary() throws -> Vocabulary {
    try Vocabulary.load(at: VocabularyLocation.find())
  }

  static func predictor(
    cacheBytes: Int = 64 << 20, scaling: PresenceScaling? = nil,
    maskBias: Double? = nil, maskReach: Double? = nil,
    precision: CompileOptions.Precision = .float32,
    change: (inout PredictorOptions) -> Void = { _ in }
  ) throws -> Predictor {
    var bundle = try bundle()
    bundle.manifest.presenceScaling = scaling
    bundle.manifest.maskBias = maskBias
    bundle.manifest.maskReach = maskReach
    var options = PredictorOptions(threads: 1, cacheBytes: cacheBytes, precision: precision)
    change(&options)
    return try Predictor(bundle: bundle, vocabulary: vocabulary(), options: options)
  }

  /// A volume without any symmetry.
  static func volume(width: Int = 40, height: Int = 30, depth: Int = 3) -> MedicalImage {
    var samples: [Float] = []
    for k in 0..<depth {
      for j in 0..<height {
        for i in 0..<width {
          let (x, y, z) = (Float(i) / 7, Float(j) / 5, Float(k))
          samples.append(200 * sin(x + 0.3 * y) * cos(y * y / 9 + z) + 3 * Float(i) - 50)
        }
      }
    }
    return MedicalImage(
      width: width, height: height, depth: depth, samples: samples,
      affine: .radiological(spacing: [1, 1.5, 4]), modality: .ct, intensity: .hounsfield,
      isVolume: true, hasSpacing: true)
  }
}
