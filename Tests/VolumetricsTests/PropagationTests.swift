import Imaging
import SegSAM
import Testing

@testable import Volumetrics

@Suite("From slice to slice")
struct PropagationTests {
  private let engine = ThresholdEngine(["spleen": 100, "liver": 300])

  /// A body whose spleen leans over, so that no two of its slices are the same.
  private var leaning: BoxBody {
    var body = BoxBody()
    for k in 8..<32 { body.fill(10 + k / 2..<22 + k / 2, 12..<26, k..<k + 1, 100) }
    return body
  }

  private func annotation(_ body: BoxBody, slices: Set<Int>, value: Float = 100) -> LabelMap {
    let area = body.size[0] * body.size[1]
    var map = LabelMap(width: body.size[0], height: body.size[1], depth: body.size[2])
    let mask = body.mask(of: value)
    for k in slices {
      for v in k * area..<(k + 1) * area { map.labels[v] = UInt16(mask.voxels[v]) }
    }
    return map
  }

  private func filling(_ subject: QuerySubject = .category("spleen")) -> SparseFilling {
    SparseFilling(engine: engine, labels: [.init(value: 1, subject: subject)])
  }

  @Test("fills what lies between annotated slices, by name or without")
  func between() async throws {
    let body = leaning
    let given = annotation(body, slices: [10, 20, 30])
    for subject in [QuerySubject.category("spleen"), .unnamed] {
      var work = filling(subject)
      work.propagation = .annotated
      let result = try await work.fill(given, in: body.image, imageKey: "k")
      let filled = result.map.mask(of: 1)
      for k in 10...30 {
        #expect(differing(filled.slice(k), body.mask(of: 100).slice(k)) == 0, "slice \(k)")
      }
      // It pauses where annotation ends.
      #expect(filled.slice(9)?.count == 0 && filled.slice(31)?.count == 0)
      #expect(result.drawn == 18)
    }
  }

  @Test("leads on beyond the outermost slices until the object ends")
  func beyond() async throws {
    let body = leaning
    let result = try await filling().fill(
      annotation(body, slices: [18, 22]), in: body.image, imageKey: "k")
    #expect(differing(result.map.mask(of: 1), body.mask(of: 100)) == 0)
  }

  @Test("ends at a slice that is annotated as empty")
  func empty() async throws {
    let body = leaning
    let result = try await filling().fill(
      annotation(body, slices: [18]), in: body.image, imageKey: "k", annotated: [24])
    let filled = result.map.mask(of: 1)
    #expect(differing(filled.slice(23), body.mask(of: 100).slice(23)) == 0)
    for k in 24..<32 { #expect(filled.slice(k)?.count == 0) }
    #expect(differing(filled.slice(8), body.mask(of: 100).slice(8)) == 0)
  }

  @Test("keeps annotated slices as they came")
  func kept() async throws {
    let body = leaning
    var given = annotation(body, slices: [10, 20])
    given.labels[20 * 48 * 40 + 5] = 1
    let result = try await filling().fill(given, in: body.image, imageKey: "k")
    let area = 48 * 40
    for k in [10, 20] {
      #expect(
        Array(result.map.labels[k * area..<(k + 1) * area])
          == Array(given.labels[k * area..<(k + 1) * area]))
    }
  }

  @Test("interpolates shapes alone where no network is asked")
  func shapes() async throws {
    var body = BoxBody()
    body.fill(20..<30, 20..<30, 10..<21, 100)
    var work = filling()
    work.propagation = .off
    let result = try await work.fill(
      annotation(body, slices: [10, 20]), in: body.image, imageKey: "k")
    #expect(differing(result.map.mask(of: 1), body.mask(of: 100)) == 0)
    #expect(engine.looked.isEmpty && result.interpolated == 9)
  }

  @Test("fills the same voxels in whatever order the axes came", arguments: [0, 5, 11, 22, 37, 46])
  func orders(number: Int) async throws {
    let (axes, flips) = ZoomTests.axisOrders[number]
    let turned = Turned(leaning, axes: axes, flips: flips)
    let view = AxialView(turned.image)
    let drawn = try view.view(turned.mask(of: 100))
    var given = LabelMap(width: drawn.width, height: drawn.height, depth: drawn.depth)
    let area = drawn.width * drawn.height
    for k in [10, 20, 30] {
      for v in k * area..<(k + 1) * area { given.labels[v] = UInt16(drawn.voxels[v]) }
    }
    let result = try await filling().fill(
      try view.restore(given), in: turned.image, imageKey: "k")
    #expect(differing(result.map.mask(of: 1), turned.mask(of: 100)) == 0)
  }

  @Test("leads a mask across slices in which nothing was said")
  func propagate() async throws {
    let body = leaning
    // An engine that misses the spleen in some slices, unless it is told where to look.
    let engine = ForgetfulEngine(engine, forgets: [15, 16, 31])
    var options = SegmentOptions()
    options.volume = VolumeOptions(propagation: .auto, postProcessing: [])
    let result = try await VolumeEngine(engine, vocabulary: testVocabulary.get()).segment(
      body.image, imageKey: "k", queries: [Query(.category("spleen"))], options: options,
      progress: nil)
    #expect(differing(result.queries[0].mask, body.mask(of: 100)) == 0)
    #expect(result.queries[0].steps.map(\.kind) == [.propagation])
  }

  @Test("half way between a small and a large square lies one of middle size")
  func interpolation() {
    func square(_ side: Int) -> BinaryMask {
      var mask = BinaryMask(width: 40, height: 40)
      let from = 20 - side / 2
      for y in from..<from + side { for x in from..<from + side { mask.voxels[y * 40 + x] = 1 } }
      return mask
    }
    #expect(differing(ShapeInterpolation.between(square(8), square(16), at: 0.5), square(12)) == 0)
    #expect(ShapeInterpolation.between(square(8), square(16), at: 0) == square(8) as BinaryMask)
    #expect(ShapeInterpolation.between(square(8), square(16), at: 1) == square(16) as BinaryMask)
  }

  @Test("slices of a body look alike, and another part of it does not")
  func similarity() {
    var body = BoxBody()
    body.fill(12..<36, 8..<32, 0..<20, 200)
    let same = SliceSimilarity(body.image, 3, 4)
    #expect(same.isAlike && same.structure > 0.99)
    let other = SliceSimilarity(body.image, 19, 20)
    #expect(other.structure < same.structure)
    #expect((other.histogramDistance ?? 0) > 20)
  }
}

/// Leaves slices out, unless a mask is the prompt.
private struct ForgetfulEngine: SegmentationEngine {
  let base: ThresholdEngine
  let forgets: Set<Int>
  init(_ base: ThresholdEngine, forgets: Set<Int>) {
    self.base = base
    self.forgets = forgets
  }
  var model: ModelInfo { base.model }
  var trainedCategories: Set<String> { base.trainedCategories }
  func prepare(_ image: MedicalImage, imageKey: String) async throws {}
  func segment(
    _ image: MedicalImage, imageKey: String, queries: [Query], options: SegmentOptions,
    progress: (@Sendable (Int, Int) -> Void)?
  ) async throws -> SegmentationResult {
    var result = try await base.segment(
      image, imageKey: imageKey, queries: queries, options: options, progress: progress)
    guard queries.allSatisfy({ $0.mask == nil }) else { return result }
    let area = image.width * image.height
    for k in forgets where k < image.depth {
      for v in k * area..<(k + 1) * area { result.queries[0].mask?.voxels[v] = 0 }
    }
    return result
  }
}
