import Imaging
import SegSAM
import Synchronization
import Testing

import func Foundation.log

/// Discs on a slice: a click on one gives it, a click beside all of them gives nothing.
private final class DiscEngine: SegmentationEngine {
  struct Disc {
    var x: Double, y: Double, radius: Double
    var name: String?
    var score = 0.9
    var probability = 0.8
    /// How much smaller the mask is for each unit of the threshold's logit.
    var softness = 0.0
  }

  let model = ModelInfo(name: "discs", version: "1")
  let trainedCategories: Set<String> = []
  let discs: [Disc]
  let asked = Mutex<[(queries: Int, threshold: Double)]>([])

  init(_ discs: [Disc]) { self.discs = discs }

  func prepare(_ image: MedicalImage, imageKey: String) async throws {}

  func segment(
    _ image: MedicalImage, imageKey: String, queries: [Query], options: SegmentOptions,
    progress: (@Sendable (Int, Int) -> Void)?
  ) async throws -> SegmentationResult {
    asked.withLock { $0.append((queries.count, options.threshold)) }
    let logit = log(options.threshold / (1 - options.threshold))
    let results = queries.map { query -> QueryResult in
      var mask = BinaryMask(width: image.width, height: image.height)
      let at = query.clicks[0].at
      // Of several discs at a place the smallest.
      let hit = discs.filter { $0.holds(at[0], at[1]) }.min { $0.radius < $1.radius }
      guard let hit, query.subject == .unnamed, query.clicks.count == 1 else {
        return QueryResult(category: nil, isPresent: true, presence: 1, score: 0.95, mask: mask)
      }
      var shown = hit
      shown.radius -= hit.softness * logit
      for n in mask.voxels.indices {
        mask.voxels[n] =
          shown.holds(Double(n % image.width), Double(n / image.width)) ? 1 : 0
      }
      return QueryResult(
        category: hit.name, isPresent: true, presence: 1, score: hit.score, mask: mask,
        candidates: hit.name.map { [($0, hit.probability), ("other", 0.1)] } ?? [])
    }
    return SegmentationResult(
      queries: results, semanticMask: nil, labels: [], probabilities: [:], timing: [:])
  }
}

extension DiscEngine.Disc {
  func holds(_ px: Double, _ py: Double) -> Bool {
    (px - x) * (px - x) + (py - y) * (py - y) <= radius * radius
  }
}

@Suite("Everything") struct EverythingTests {
  private static func image(_ value: (Int, Int) -> Float = { _, _ in 100 }) -> MedicalImage {
    let (w, h) = (64, 48)
    var samples = (0..<w * h).map { value($0 % w, $0 / w) }
    samples[0] = 0
    return MedicalImage(width: w, height: h, samples: samples)
  }

  private static func voxels(_ isSet: (Double, Double) -> Bool) -> [UInt8] {
    (0..<64 * 48).map { (n: Int) -> UInt8 in isSet(Double(n % 64), Double(n / 64)) ? 1 : 0 }
  }

  private func regions(
    _ discs: [DiscEngine.Disc], _ image: MedicalImage = EverythingTests.image(),
    _ change: (inout EverythingOptions) -> Void = { _ in }
  ) async throws -> [EverythingRegion] {
    var options = EverythingOptions()
    (options.leastScore, options.leastStability, options.greatestArea) = (0.7, 0.8, 0.9)
    change(&options)
    return try await EverythingSegmenter(engine: DiscEngine(discs), options: options)
      .regions(of: image, imageKey: "k")
  }

  @Test("each disc is found once, whole, by its name, the best first")
  func discs() async throws {
    let found = try await regions([
      .init(x: 14, y: 14, radius: 9, name: "liver", score: 0.8, probability: 0.6),
      .init(x: 45, y: 30, radius: 12, name: "spleen", score: 0.9),
    ])
    #expect(found.map(\.category) == ["spleen", "liver"])
    #expect(found.map(\.score) == [0.9, 0.8])
    #expect(found.map(\.probability) == [0.8, 0.6])
    #expect(found[1].candidates.map(\.category) == ["liver", "other"])
    let radii = [(45.0, 30.0, 12.0), (14.0, 14.0, 9.0)]
    for (region, (x, y, r)) in zip(found, radii) {
      let disc = DiscEngine.Disc(x: x, y: y, radius: r)
      #expect(region.mask.voxels == Self.voxels { disc.holds($0, $1) })
      #expect(region.points.allSatisfy { disc.holds(Double($0.x), Double($0.y)) })
      #expect(region.stability == 1)
    }
  }

  @Test("scores under the least are no regions")
  func scores() async throws {
    let discs: [DiscEngine.Disc] = [
      .init(x: 14, y: 14, radius: 9, name: "liver", score: 0.69),
      .init(x: 45, y: 30, radius: 12, name: "spleen", score: 0.7),
    ]
    #expect(try await regions(discs).map(\.category) == ["spleen"])
    #expect(try await regions(discs) { $0.leastScore = 0.5 }.count == 2)
    #expect(try await regions(discs) { $0.leastScore = 0.95 }.isEmpty)
  }

  @Test("what is too small or too large is no region")
  func areas() async throws {
    let discs: [DiscEngine.Disc] = [
      .init(x: 30, y: 24, radius: 100, name: "body"),
      .init(x: 45, y: 30, radius: 6, name: "cyst"),
    ]
    #expect(try await regions(discs).map(\.category) == ["cyst"])
    #expect(try await regions(discs) { $0.greatestArea = 1 }.map(\.category) == ["body", "cyst"])
    #expect(try await regions(discs) { $0.leastArea = 0.2 }.isEmpty)
  }

  @Test("of masks that nearly agree the best stays, and others stay beside it")
  func suppression() async throws {
    // A ring around a disc takes the clicks beside it: IoU 0.69 or 0.83 of the two.
    func pair(_ inner: Double) -> [DiscEngine.Disc] {
      [
        .init(x: 32, y: 24, radius: inner, name: "a", score: 0.8),
        .init(x: 32, y: 24, radius: 20, name: "b", score: 0.9),
      ]
    }
    #expect(try await regions(pair(18.2)).map(\.category) == ["b"])
    #expect(try await regions(pair(16)).map(\.category) == ["b", "a"])
    #expect(try await regions(pair(18.2)) { $0.overlap = 0.95 }.map(\.category) == ["b", "a"])
  }

  @Test("one name twice is one region only where the two overlap")
  func names() async throws {
    // The smaller of two discs answers where both are.
    let near: [DiscEngine.Disc] = [
      .init(x: 20, y: 24, radius: 12, name: "liver", score: 0.9, probability: 0.5),
      .init(x: 36, y: 24, radius: 11, name: "liver", score: 0.8, probability: 0.7),
    ]
    let joined = try await regions(near)
    try #require(joined.count == 1)
    let union = Self.voxels { x, y in near.contains { $0.holds(x, y) } }
    #expect(joined[0].mask.voxels == union)
    #expect(joined[0].score == 0.9 && joined[0].probability == 0.7)
    #expect(joined[0].points.count == 2)
    var apart = near
    (apart[1].x, apart[1].radius) = (48, 10)
    #expect(try await regions(apart).map(\.category) == ["liver", "liver"])
    var others = near
    others[1].name = "spleen"
    #expect(try await regions(others).count == 2)
    // Without a name nothing is known to be the same.
    for n in others.indices { others[n].name = nil }
    let unnamed = try await regions(others)
    #expect(unnamed.count == 2 && unnamed.allSatisfy { $0.category == nil && $0.probability == 0 })
  }

  @Test("masks that hang on the threshold are no regions, and suppress none")
  func stability() async throws {
    let discs: [DiscEngine.Disc] = [
      .init(x: 32, y: 24, radius: 18.2, name: "a", score: 0.8),
      .init(x: 32, y: 24, radius: 20, name: "b", score: 0.9, softness: 3),
    ]
    #expect(try await regions(discs).map(\.category) == ["a"])
    // (17 / 23)²
    let lenient = try await regions(discs) { $0.leastStability = 0.5 }
    #expect(lenient.map(\.category) == ["b"])
    #expect(abs((lenient[0].stability ?? 0) - 0.55) < 0.04)
    let unasked = try await regions(discs) { $0.leastStability = 0 }
    #expect(unasked.map(\.category) == ["b"] && unasked[0].stability == nil)
  }

  @Test("points are asked where there is something, in batches")
  func points() async throws {
    let engine = DiscEngine([])
    var options = EverythingOptions()
    (options.grid, options.batch) = (8, 10)
    let told = Mutex<[Int]>([])
    // The right half is black.
    let half = Self.image { x, _ in x < 32 ? 100 : 0 }
    let found = try await EverythingSegmenter(engine: engine, options: options)
      .regions(of: half, imageKey: "k") { done, all in
        told.withLock { $0.append(done) }
        #expect(all == 32)
      }
    #expect(found.isEmpty)
    #expect(engine.asked.withLock { $0.map(\.queries) } == [10, 10, 10, 2])
    #expect(told.withLock { $0 } == [10, 20, 30, 32])
  }

  @Test("an empty image has no regions, and nobody is asked")
  func empty() async throws {
    let engine = DiscEngine([.init(x: 14, y: 14, radius: 9, name: "liver")])
    let found = try await EverythingSegmenter(engine: engine)
      .regions(of: Self.image { _, _ in 0 }, imageKey: "k")
    #expect(found.isEmpty)
    #expect(engine.asked.withLock { $0.isEmpty })
  }

  @Test("a volume is refused, and an engine that answers too little")
  func misuse() async throws {
    let volume = MedicalImage(
      width: 4, height: 4, depth: 2, samples: [Float](repeating: 1, count: 32), isVolume: true)
    await #expect(throws: PredictorError.self) {
      _ = try await EverythingSegmenter(engine: DiscEngine([])).regions(of: volume, imageKey: "k")
    }
  }
}

@Suite("Points on a grid") struct PointGridTests {
  @Test("are in the middle of cells")
  func middle() throws {
    let image = MedicalImage(
      width: 8, height: 4, samples: (0..<32).map { Float($0 % 2 * 100 + 50) })
    let points = try PointGrid.points(of: image, side: 2)
    #expect(points.map(\.x) == [2, 6, 2, 6] && points.map(\.y) == [1, 1, 3, 3])
    // No finer than pixels.
    let all = try PointGrid.points(of: image, side: 100)
    #expect(Set(all.map { $0.y * 8 + $0.x }).count == all.count)
  }

  @Test("lung is not empty, air is")
  func lung() throws {
    let image = MedicalImage(
      width: 30, height: 10,
      samples: (0..<300).map { n in n % 30 < 10 ? -1000 : n % 30 < 20 ? -850 : 40 },
      modality: .ct, intensity: .hounsfield)
    #expect(try PointGrid.points(of: image, side: 3).filter { $0.y < 3 }.map(\.x) == [15, 25])
  }

  @Test("white padding of a colour picture is empty")
  func white() throws {
    let image = MedicalImage(
      width: 20, height: 10, channels: 3,
      samples: (0..<200).flatMap { n -> [Float] in n % 20 < 10 ? [255, 255, 255] : [200, 120, 90] })
    #expect(try PointGrid.points(of: image, side: 2).map(\.x) == [15, 15])
  }

  @Test("there is no slice that is not there")
  func slice() {
    let image = MedicalImage(width: 2, height: 2, samples: [1, 2, 3, 4])
    #expect(throws: ImagingError.self) { _ = try PointGrid.points(of: image, side: 2, slice: 1) }
  }
}
