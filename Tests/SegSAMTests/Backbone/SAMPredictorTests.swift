import Imaging
import OpenVINORuntime
import SegSAM
import Synchronization
import Testing
import Vocabulary

@Suite(
  "A bundle in Segment Anything's layout",
  .enabled(if: SAMTinyModel.isPossible, "run ./bootstrap for OpenVINO"), .serialized)
struct SAMPredictorTests {
  static let alone = Result { try SAMTinyModel.predictor() }
  static let told = Result { try SAMTinyModel.predictor(detector: BlockDetector()) }
  let box = Query(.unnamed, box: Box([6, 4, 0, 30, 24, 2]))

  private func ask(
    _ queries: [Query], _ image: MedicalImage = TinyModel.volume(), key: String = "volume",
    of predictor: Result<SAMPredictor, any Error> = alone, options: SegmentOptions = .init(),
    progress: (@Sendable (Int, Int) -> Void)? = nil
  ) async throws -> SegmentationResult {
    try await predictor.get().segment(
      image, imageKey: key, queries: queries, options: options, progress: progress)
  }

  @Test("answers a box with a mask on the input's grid, on the slices that it spans")
  func boxes() async throws {
    let answer = try await ask([box]).queries[0]
    let mask = try #require(answer.mask)
    #expect([mask.width, mask.height, mask.depth] == [40, 30, 3])
    #expect(mask.count > 0 && mask.count < 40 * 30 * 2)
    #expect(mask.slice(2)?.count == 0)
    #expect(answer.isPresent && (0...1).contains(answer.score) && answer.promptedBy == nil)
  }

  @Test(
    "the same voxels in another axis order give the same mask in that order",
    arguments: [0, 1, 2, 7, 13, 27, 38, 47])
  func orientation(_ code: Int) async throws {
    let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]]
    let turn = Turn(
      order: orders[code / 8], flips: [code & 1 != 0, code & 2 != 0, code & 4 != 0],
      size: [40, 30, 3])
    let plain = TinyModel.volume()
    let bounds = try #require(box.box).bounds
    // The turned box, by the voxels that it holds.
    var inside = BinaryMask(width: 40, height: 30, depth: 3)
    for k in Int(bounds[2])..<Int(bounds[5]) {
      for j in Int(bounds[1])..<Int(bounds[4]) {
        for i in Int(bounds[0])..<Int(bounds[3]) { inside.voxels[(k * 30 + j) * 40 + i] = 1 }
      }
    }
    let turned = turn.apply(plain)
    let there = BinaryMask(
      width: turned.width, height: turned.height, depth: turned.depth,
      voxels: turn.apply(inside.voxels))
    let turnedBox = try #require(there.boundingBox).bounds(isVolume: true).map(Double.init)
    let wanted = try #require(try await ask([box], plain).queries[0].mask)
    let got = try #require(
      try await ask([Query(.unnamed, box: Box(turnedBox))], turned, key: "turned \(code)")
        .queries[0].mask)
    #expect(got.voxels == turn.apply(wanted.voxels))
  }

  @Test("a mask is a prompt, on the slices where it is set, with its box or without")
  func masks() async throws {
    var told = BinaryMask(width: 40, height: 30, depth: 3)
    for y in 4..<24 { for x in 6..<30 { told.voxels[(30 + y) * 40 + x] = 1 } }
    let result = try await ask([
      box, Query(.unnamed, mask: MaskPrompt(told)),
      Query(.unnamed, mask: MaskPrompt(told, givesBox: false)),
    ])
    let masks = try result.queries.map { try #require($0.mask) }
    #expect(masks[1].slice(0)?.count == 0 && masks[1].slice(2)?.count == 0)
    // Not what the same box says, nor what the mask alone does.
    #expect(masks[1].slice(1) != masks[0].slice(1))
    #expect(masks[1].slice(1) != masks[2].slice(1))
    #expect(result.queries[1].alternatives.isEmpty)
  }

  @Test("one click alone is ambiguous: the likeliest of three masks answers")
  func ambiguity() async throws {
    let click = Click(at: [20, 14, 1], isPositive: true)
    let more = Click(at: [5, 5, 1], isPositive: false)
    let result = try await ask(
      [
        Query(.unnamed, clicks: [click]), Query(.unnamed, clicks: [click, more]),
        Query(.unnamed, box: box.box, clicks: [click]),
      ], options: SegmentOptions(wantsAlternatives: true))
    let one = result.queries[0]
    #expect(one.alternatives.count == 3 && one.alternativeScores.count == 3)
    #expect(one.score == one.alternativeScores.max())
    let best = try #require(one.alternativeScores.firstIndex(of: one.score))
    #expect(one.alternatives[best] == one.mask)
    #expect(one.mask?.slice(0)?.count == 0)
    for other in result.queries[1...] { #expect(other.alternatives.isEmpty && other.isPresent) }
    #expect(result.queries[1].mask != result.queries[0].mask)
  }

  @Test("without a detector a text is refused, saying what to do; a named box is not")
  func noDetector() async throws {
    let error = await #expect(throws: PredictorError.self) {
      try await ask([Query(.category("liver"))])
    }
    #expect(error?.code == .invalidQuery)
    #expect(error?.message.contains("--detector") == true)
    let result = try await ask([Query(.category("liver"), box: box.box)])
    #expect(result.queries[0].category == "liver" && result.labels == ["liver"])
    #expect(result.semanticMask?.labels.contains(1) == true && result.probabilities.isEmpty)
  }

  @Test("asks a detector for the box of what a text names, and says so")
  func detector() async throws {
    let seen = Mutex<[[Int]]>([])
    let result = try await ask(
      ["left_kidney", "liver", "kidneys", "right_kidney"].map { Query(.category($0)) } + [box],
      of: Self.told, progress: { done, total in seen.withLock { $0.append([done, total]) } })
    let answers = result.queries
    #expect(answers[0].promptedBy == "box of blocks 5" && answers[0].presence == 0.9)
    // Largest piece, a pixel and a fiftieth of its side around it.
    let drawn = try await ask(
      [Query(.unnamed, box: Box([18.76, 6.72, 0, 33.24, 23.28, 1]))])
    #expect(answers[0].mask == drawn.queries[0].mask && answers[0].mask?.count ?? 0 > 0)
    #expect(!answers[1].isPresent && answers[1].mask?.count == 0 && answers[1].promptedBy == nil)
    var both = try #require(answers[0].mask)
    for (n, voxel) in (answers[3].mask?.voxels ?? []).enumerated() where voxel != 0 {
      both.voxels[n] = 1
    }
    #expect(answers[2].mask == both)
    #expect(answers[4].promptedBy == nil && answers[4].category == "liver")
    #expect(result.labels == ["left_kidney"] && result.probabilities == ["liver": 0.25])
    #expect(seen.withLock { $0 } == (1...6).map { [$0, 6] })
  }

  @Test("features are kept by content, and found again")
  func cache() async throws {
    let predictor = try SAMTinyModel.predictor()
    try await predictor.prepare(TinyModel.volume(), imageKey: "v")
    #expect(predictor.featureCache.misses == 3)
    _ = try await ask([box], key: "v", of: .success(predictor))
    #expect(predictor.featureCache.misses == 3 && predictor.featureCache.hits == 2)
  }

  @Test("a query that does not fit is refused", arguments: [0, 1, 2, 3])
  func refusals(_ which: Int) async throws {
    let many = (0...SAMNetwork.places).map { Click(at: [Double($0), 2, 1], isPositive: true) }
    let query = [
      Query(.unnamed), Query(.category("no_such"), box: box.box), Query(.unnamed, clicks: many),
      Query(.unnamed, box: Box([60, 60, 0, 70, 70, 1])),
    ][which]
    let error = await #expect(throws: PredictorError.self) { try await ask([query]) }
    #expect(error?.code == .invalidQuery)
  }

  @Test("squares and padded images answer a box each in its place", arguments: [0, 1, 2])
  func preprocessing(_ which: Int) async throws {
    let kind = SAMConfiguration.Preprocessing.allCases[which]
    let predictor = try SAMTinyModel.predictor(kind)
    let result = try await ask([box], of: .success(predictor))
    let mask = try #require(result.queries[0].mask)
    #expect([mask.width, mask.height, mask.depth] == [40, 30, 3] && mask.count > 0)
  }

  @Test("is told from ours by its manifest, and no detector")
  func factory() async throws {
    let vocabulary = try TinyModel.vocabulary()
    let bundle = try SAMTinyModel.bundle()
    #expect(bundle.manifest.clickRoom == SAMNetwork.places - 2)
    let engine = try bundle.engine(vocabulary: vocabulary)
    #expect(engine is SAMPredictor && engine.trainedCategories.isEmpty)
    #expect(throws: BundleError.self) { try Predictor(bundle: bundle, vocabulary: vocabulary) }
  }
}
