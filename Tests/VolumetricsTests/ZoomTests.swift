import Imaging
import SegSAM
import Testing

@testable import Volumetrics

@Suite("Zoom-out-zoom-in")
struct ZoomTests {
  private let engine = ThresholdEngine(["spleen": 100, "liver": 300])

  private func ask(
    _ image: MedicalImage, _ names: [String], zoom: VolumeOptions.Zoom
  ) async throws -> SegmentationResult {
    var options = SegmentOptions()
    options.volume = VolumeOptions(zoom: zoom, postProcessing: [])
    return try await VolumeEngine(engine, vocabulary: testVocabulary.get()).segment(
      image, imageKey: "k", queries: names.map { Query(.category($0)) }, options: options,
      progress: nil)
  }

  private var body: BoxBody {
    var body = BoxBody(size: [64, 52, 36])
    body.fill(40..<48, 20..<30, 12..<21, 100)
    body.fill(6..<26, 12..<40, 6..<30, 300)
    return body
  }

  @Test(
    "draws what every slice whole draws, and looks at less", arguments: VolumeOptions.Zoom.allCases)
  func same(zoom: VolumeOptions.Zoom) async throws {
    let body = body
    let result = try await ask(body.image, ["spleen"], zoom: zoom)
    #expect(differing(result.queries[0].mask, body.mask(of: 100)) == 0)
    #expect(result.queries[0].isPresent)
    #expect(result.queries[0].slicePresence == (0..<36).map { 12..<21 ~= $0 ? 0.9 : 0 })
    #expect(differing(result.semanticMask?.mask(of: 1), body.mask(of: 100)) == 0)
    let slices = engine.looked.reduce(0) { $0 + $1.slices }
    switch zoom {
    case .off: #expect(slices == 36)
    case .on, .auto:
      #expect(slices < 36)
      #expect(result.queries[0].steps.map(\.kind) == [.zoom])
    case .everywhere:
      // 64 × 52 in windows of 48: two across, two down.
      #expect(slices == 4 * 36)
    }
  }

  @Test("two objects keep their own voxels in M_s")
  func two() async throws {
    let body = body
    let result = try await ask(body.image, ["spleen", "liver"], zoom: .on)
    #expect(differing(result.semanticMask?.mask(of: 1), body.mask(of: 100)) == 0)
    #expect(differing(result.semanticMask?.mask(of: 2), body.mask(of: 300)) == 0)
  }

  @Test("searches all where the look from afar finds nothing, and says so")
  func thin() async throws {
    var body = BoxBody(size: [64, 52, 36])
    // Between the slices of the look from afar, which are 3 apart from 1 on.
    body.fill(40..<48, 20..<30, 12..<13, 100)
    let result = try await ask(body.image, ["spleen"], zoom: .on)
    #expect(differing(result.queries[0].mask, body.mask(of: 100)) == 0)
    #expect(result.queries[0].steps.map(\.kind) == [.fullSearch])
  }

  @Test("says absent where there is nothing")
  func absent() async throws {
    let result = try await ask(BoxBody(size: [64, 52, 36]).image, ["spleen"], zoom: .on)
    #expect(!result.queries[0].isPresent)
    #expect(result.queries[0].mask?.count == 0)
  }

  /// 24 axis orders and flips that keep the hand, 24 that do not.
  static let axisOrders: [(axes: [Int], flips: [Bool])] = [
    [0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0],
  ].flatMap { axes in
    (0..<8).map { bits in (axes, (0..<3).map { bits >> $0 & 1 == 1 }) }
  }

  @Test(
    "puts the mask back in whatever order the axes came",
    arguments: [0, 5, 10, 15, 17, 22, 27, 32, 34, 39, 44, 47])
  func orders(number: Int) async throws {
    let (axes, flips) = Self.axisOrders[number]
    let turned = Turned(body, axes: axes, flips: flips)
    let result = try await ask(turned.image, ["spleen", "liver"], zoom: .on)
    #expect(differing(result.queries[0].mask, turned.mask(of: 100)) == 0)
    #expect(differing(result.queries[1].mask, turned.mask(of: 300)) == 0)
    #expect(differing(result.semanticMask?.mask(of: 2), turned.mask(of: 300)) == 0)
  }

  @Test("stops between looks when it is cancelled")
  func cancelled() async throws {
    let image = body.image
    let task = Task {
      withUnsafeCurrentTask { $0?.cancel() }
      return try await ask(image, ["spleen"], zoom: .on)
    }
    await #expect(throws: CancellationError.self) { try await task.value }
  }
}

/// A body with its axes in another order and direction, in the same place.
struct Turned {
  let image: MedicalImage

  init(_ body: BoxBody, axes: [Int], flips: [Bool]) {
    let from = body.image
    let old = [from.width, from.height, from.depth]
    let size = axes.map { old[$0] }
    var samples = [Float](repeating: 0, count: from.samples.count)
    func source(_ at: [Int]) -> [Int] {
      var result = [0, 0, 0]
      for a in 0..<3 { result[axes[a]] = flips[a] ? size[a] - 1 - at[a] : at[a] }
      return result
    }
    for k in 0..<size[2] {
      for j in 0..<size[1] {
        for i in 0..<size[0] {
          let at = source([i, j, k])
          samples[(k * size[1] + j) * size[0] + i] =
            from.samples[(at[2] * old[1] + at[1]) * old[0] + at[0]]
        }
      }
    }
    var affine = from.affine
    let origin = affine.apply(source([0, 0, 0]).map(Double.init))
    for r in 0..<3 {
      for a in 0..<3 {
        affine.rows[r][a] = from.affine.rows[r][axes[a]] * (flips[a] ? -1 : 1)
      }
      affine.rows[r][3] = origin[r]
    }
    image = MedicalImage(
      width: size[0], height: size[1], depth: size[2], samples: samples, affine: affine,
      modality: .ct, intensity: .hounsfield, isVolume: true, hasSpacing: true)
  }

  func mask(of value: Float) -> BinaryMask {
    BinaryMask(
      width: image.width, height: image.height, depth: image.depth,
      voxels: image.samples.map { $0 == value ? 1 : 0 })
  }
}
