import Foundation
import NeuralGraph
import OpenVINORuntime
import SegSAM

/// A network in Segment Anything's layout with what Hugging Face's implementation of it answers, see
/// `sam_peer.py`.
struct SAMExample {
  typealias Values = [String: (shape: [Int], values: [Float])]
  let configuration: SAMConfiguration
  let weights: Values
  let expected: Values

  /// Small; every size differs from those with which it could be mixed up.
  static var small: SAMExample {
    get throws { try SAMExample(sizes(), file: fixture("sam")) }
  }

  /// The image encoder alone, with adapters.
  static var adapted: SAMExample {
    get throws {
      var c = sizes()
      (c.imageSize, c.width, c.depth, c.encoderMLP, c.promptWidth) = (64, 12, 2, 20, 16)
      (c.globalBlocks, c.hasAdapters) = ([1], true)
      return try SAMExample(c, file: fixture("sam_adapted"))
    }
  }

  /// ViT-B at 1024 pixels, from a file that `sam_peer.py` wrote; too large for the repository.
  static let large = ProcessInfo.processInfo.environment["SEGSAM_SAM_PARITY"]

  init(_ configuration: SAMConfiguration, file path: String) throws {
    self.configuration = configuration
    let file = try SafetensorsFile(path: path)
    func values(_ prefix: String) throws -> Values {
      var found: Values = [:]
      for name in file.names where name.hasPrefix(prefix) {
        found[String(name.dropFirst(prefix.count))] = try file.floats(name)
      }
      return found
    }
    weights = try values("weight.")
    expected = try values("output.")
  }

  var network: SAMNetwork {
    SAMNetwork(configuration: configuration, shapes: weights.mapValues(\.shape))
  }

  private static func sizes() -> SAMConfiguration {
    var c = SAMConfiguration()
    (c.imageSize, c.width, c.depth, c.heads, c.encoderMLP) = (128, 32, 4, 2, 48)
    (c.windowSize, c.globalBlocks) = (3, [1, 3])
    (c.promptWidth, c.maskChannels, c.decoderHeads, c.decoderMLP, c.scoreWidth) = (32, 8, 4, 40, 24)
    return c
  }

  private static func fixture(_ name: String) -> String {
    (Bundle.module.resourceURL ?? Bundle.module.bundleURL)
      .appendingPathComponent("Fixtures/\(name).safetensors").path
  }
}

extension SAMExample {
  /// `[1, 3, side, side]`: the waves of `sam_peer.picture`.
  static func picture(_ side: Int) -> TensorValue {
    let unit = 128 / Double(side)
    var values: [Float] = []
    values.reserveCapacity(3 * side * side)
    for c in 0..<3 {
      let columns = (0..<side).map { sin(0.11 * unit * Double($0 * (1 + c)) + 0.3 * Double(c)) }
      for y in 0..<side {
        let row = cos(0.07 * unit * Double(y) + Double(c))
        for x in 0..<side {
          values.append(
            Float(columns[x] * row + 0.4 * sin(0.013 * unit * unit * Double(x) * Double(y))))
        }
      }
    }
    return TensorValue(values, shape: [1, 3, side, side])
  }

  /// Logits of a mask prompt, `[1, 1, side, side]`: `sam_peer.drawn`.
  static func drawn(_ side: Int) -> TensorValue {
    let unit = 32 / Double(side)
    let values = (0..<side * side).map { n in
      Float(4 * sin(0.2 * unit * Double(n % side) + 0.31 * unit * Double(n / side)))
    }
    return TensorValue(values, shape: [1, 1, side, side])
  }

  /// `sam_peer.prompts`: places in pixels of the square.
  struct Prompt {
    var places: [(x: Double, y: Double, kind: PointKind)]
    var hasMask = false
  }

  static func prompts(_ side: Int) -> [String: Prompt] {
    let s = Double(side) / 128
    typealias Place = (x: Double, y: Double, kind: PointKind)
    func on(_ x: Double, _ y: Double, _ kind: PointKind) -> Place { (x * s, y * s, kind) }
    let padding: Place = (0, 0, .none)
    let a = on(31.5, 77.25, .positive)
    let (b, d) = (on(90, 20, .negative), on(64, 100, .positive))
    let box = [on(20, 30.5, .boxTopLeft), on(88, 101, .boxBottomRight)]
    return [
      "box": Prompt(places: box), "point": Prompt(places: [a, padding]),
      "points": Prompt(places: [a, b, d, padding]), "box_points": Prompt(places: [a, b] + box),
      "mask": Prompt(places: [], hasMask: true),
      "mask_point": Prompt(places: [on(90, 20, .positive), padding], hasMask: true),
    ]
  }

  /// What the prompt encoder and the decoder take of it.
  func tensors(_ prompt: Prompt) -> (points: [String: TensorValue], used: TensorValue) {
    let count = SAMNetwork.places
    let side = Double(configuration.imageSize)
    var places = [Float](repeating: 0, count: 2 * count)
    var used = [Float](repeating: 0, count: count)
    var kinds = [PointKind](repeating: .none, count: count)
    for (n, place) in prompt.places.enumerated() {
      // Segment Anything's coordinates are of pixels' centres.
      places[2 * n] = Float((place.x + 0.5) / side)
      places[2 * n + 1] = Float((place.y + 0.5) / side)
      (kinds[n], used[n]) = (place.kind, 1)
    }
    let oneHot = kinds.flatMap { kind in PointKind.allCases.map { Float($0 == kind ? 1 : 0) } }
    return (
      [
        "places": TensorValue(places, shape: [1, count, 2]),
        "kinds": TensorValue(oneHot, shape: [1, count, 5]),
      ], TensorValue(used, shape: [1, count])
    )
  }

  /// The largest difference relative to the largest value expected.
  func difference(_ name: String, _ got: TensorValue?) -> Float {
    guard let wanted = expected[name]?.values, let got = got?.floats, got.count == wanted.count
    else { return .infinity }
    var (worst, scale) = (Float(0), Float(0))
    for (a, b) in zip(got, wanted) {
      // NaN is larger than all.
      worst = (a - b).isNaN ? .infinity : max(worst, abs(a - b))
      scale = max(scale, abs(b))
    }
    return worst / scale
  }
}
