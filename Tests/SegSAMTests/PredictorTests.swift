import Imaging
import OpenVINORuntime
import SegSAM
import Synchronization
import Testing
import Vocabulary

import class Foundation.Thread
import func Foundation.exp
import func Foundation.log

@Suite(
  "The predictor", .enabled(if: TinyModel.isPossible, "run ./bootstrap for OpenVINO and MiniLM"),
  .serialized)
struct PredictorTests {
  static let predictor = Result { try TinyModel.predictor() }
  let everything = SegmentOptions(presenceThreshold: 0)

  private func ask(
    _ queries: [Query], _ image: MedicalImage = TinyModel.volume(), key: String = "volume",
    options: SegmentOptions? = nil
  ) async throws -> SegmentationResult {
    try await Self.predictor.get().segment(
      image, imageKey: key, queries: queries, options: options ?? everything, progress: nil)
  }

  @Test("masks, labels and probabilities are of the right number and size")
  func shapes() async throws {
    let result = try await ask([Query(.category("liver")), Query(.category("kidneys"))])
    #expect(result.queries.count == 2)
    #expect(result.labels == ["liver", "left_kidney", "right_kidney"])
    #expect(Set(result.probabilities.keys) == Set(TinyModel.categories))
    #expect(result.probabilities.values.allSatisfy { (0...1).contains($0) })
    for answer in result.queries {
      let mask = try #require(answer.mask)
      #expect([mask.width, mask.height, mask.depth] == [40, 30, 3])
      // A mask that is empty or full would make the tests below say nothing.
      #expect(mask.count > 0 && mask.count < 40 * 30 * 3)
    }
    let labels = try #require(result.semanticMask)
    #expect(labels.labels.allSatisfy { $0 <= 3 })
    #expect(result.queries[1].parts.map(\.category) == ["left_kidney", "right_kidney"])
  }

  @Test("a composite's mask is the union of its parts'")
  func composite() async throws {
    let result = try await ask(
      ["kidneys", "left_kidney", "right_kidney"].map { Query(.category($0)) })
    let masks = try result.queries.map { try #require($0.mask).voxels }
    #expect(masks[0] == zip(masks[1], masks[2]).map { $0 | $1 })
    #expect(
      result.queries[0].presence == max(result.queries[1].presence, result.queries[2].presence))
  }

  @Test("a plain U-Net answers names, each by its own channel, and knows nothing of places")
  func unet() async throws {
    let unet = try TinyModel.unet()
    let names = ["liver", "spleen", "kidneys"]
    let result = try await unet.segment(
      TinyModel.volume(), imageKey: "volume", queries: names.map { Query(.category($0)) },
      options: everything, progress: nil)
    let masks = try result.queries.map { try #require($0.mask) }
    #expect(masks.allSatisfy { [$0.width, $0.height, $0.depth] == [40, 30, 3] })
    #expect(masks.contains { $0.count > 0 && $0.count < 40 * 30 * 3 })
    #expect(masks[0] != masks[1])
    #expect(result.queries[2].parts.count == 2)
    await #expect(throws: PredictorError.self) {
      try await unet.segment(
        TinyModel.volume(), imageKey: "volume",
        queries: [Query(.unnamed, box: Box([3, 3, 0, 20, 20, 2]))], options: everything,
        progress: nil)
    }
  }

  @Test("an answer does not depend on the other queries, bit for bit")
  func independence() async throws {
    let others = ["spleen", "liver", "kidneys", "left_kidney"].map { Query(.category($0)) }
    let alone = try await ask([Query(.category("pancreas"))]).queries[0]
    let among = try await ask(others + [Query(.category("pancreas"))] + others).queries[4]
    #expect(alone.mask == among.mask)
    #expect(alone.presence == among.presence)
    #expect(alone.score == among.score)
  }

  @Test("the same voxels in another axis order give the same mask in that order", arguments: 0..<48)
  func orientation(_ code: Int) async throws {
    let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]]
    let turn = Turn(
      order: orders[code / 8], flips: [code & 1 != 0, code & 2 != 0, code & 4 != 0],
      size: [40, 30, 3])
    let plain = TinyModel.volume()
    let turned = turn.apply(plain)
    let query = [Query(.category("spleen"))]
    let wanted = try #require(try await ask(query, plain).queries[0].mask)
    let got = try #require(try await ask(query, turned, key: "turned \(code)").queries[0].mask)
    #expect(got.voxels == turn.apply(wanted.voxels))
  }

  @Test("what was not trained is never present without a place, and may be with one")
  func untrained() async throws {
    let name = Query(.category("stomach"))
    let place = Query(.category("stomach"), box: Box([5, 5, 0, 25, 20, 2]))
    let result = try await ask([name, place])
    #expect(!result.queries[0].isPresent)
    #expect(result.queries[0].presence == 0)
    #expect(result.queries[0].mask?.count == 0)
    #expect(result.queries[1].isPresent)
    // The box spans slices 0 and 1 only.
    #expect(result.queries[1].mask?.slice(2)?.count == 0)
  }

  @Test("presence is scaled as the manifest says")
  func scaling() async throws {
    let scaling = PresenceScaling(scale: 0.5, offset: 1.5)
    let scaled = try TinyModel.predictor(scaling: scaling)
    let queries = TinyModel.categories.map { Query(.category($0)) }
    let plain = try await ask(queries)
    let other = try await scaled.segment(
      TinyModel.volume(), imageKey: "v", queries: queries, options: everything, progress: nil)
    for (a, b) in zip(plain.queries, other.queries) {
      let logit = log(a.presence / (1 - a.presence))
      #expect(abs(b.presence - scaling.chance(logit)) < 1e-9)
      #expect(a.mask == b.mask)
    }
  }

  @Test("what is drawn makes it likelier that it is there")
  func drawnEvidence() async throws {
    let image = try #require(TinyModel.volume().slice(1))
    let queries = TinyModel.categories.map { Query(.category($0)) }
    let plain = try await ask(queries, image, key: "slice")
    let drawing = try TinyModel.predictor(scaling: PresenceScaling(drawn: 0.5))
    let other = try await drawing.segment(
      image, imageKey: "slice", queries: queries, options: everything, progress: nil)
    func logit(_ p: Double) -> Double { log(p / (1 - p)) }
    for (a, b) in zip(plain.queries, other.queries) {
      let gain = logit(b.presence) - logit(a.presence)
      // Half of the logarithm of one pixel and those that are drawn, of 24 × 24 at most.
      let pixels = exp(2 * gain) - 1
      #expect(pixels > 0.99 && pixels < 577 && abs(pixels - pixels.rounded()) < 1e-3)
      #expect(a.mask == b.mask)
    }
  }

  @Test("in bfloat16 draws nearly the same")
  func bfloat16() async throws {
    // On a CPU without bfloat16 OpenVINO keeps to float32, and the two are equal.
    let rough = try TinyModel.predictor(precision: .bfloat16)
    let queries = TinyModel.categories.map { Query(.category($0)) }
    let exact = try await ask(queries)
    let other = try await rough.segment(
      TinyModel.volume(), imageKey: "v", queries: queries, options: everything, progress: nil)
    for (a, b) in zip(exact.queries, other.queries) {
      #expect(abs(a.presence - b.presence) < 0.05)
      #expect(try Overlap(#require(a.mask), #require(b.mask)).dice > 0.95)
    }
  }

  @Test("a presence under the threshold empties mask and label")
  func threshold() async throws {
    let result = try await ask(
      [Query(.category("liver"))], options: SegmentOptions(presenceThreshold: 1))
    #expect(!result.queries[0].isPresent)
    #expect(result.queries[0].mask?.count == 0)
    #expect(result.semanticMask?.labels.contains { $0 != 0 } == false)
  }

  @Test("a lower threshold of the mask gives a mask that holds the other")
  func maskThreshold() async throws {
    func mask(_ threshold: Double) async throws -> BinaryMask {
      let options = SegmentOptions(threshold: threshold, presenceThreshold: 0)
      return try #require(
        try await ask([Query(.category("liver"))], options: options).queries[0].mask)
    }
    let (low, middle) = (try await mask(0.3), try await mask(0.5))
    #expect(low.count > middle.count)
    #expect(zip(low.voxels, middle.voxels).allSatisfy { $0 >= $1 })
  }

  @Test("masks by name look at the slices around them in volumes; places and single slices do not")
  func maskReach() async throws {
    let image = TinyModel.volume()
    let queries = [
      Query(.category("liver")), Query(.category("spleen"), box: Box([5, 5, 0, 25, 20, 3])),
    ]
    // As far as one slice.
    let wide = try TinyModel.predictor(maskReach: 0.6 * image.affine.spacing[2])
    let plain = try await ask(queries, image)
    let found = try await wide.segment(
      image, imageKey: "volume", queries: queries, options: everything, progress: nil)
    let (before, mask) = (
      try #require(plain.queries[0].mask), try #require(found.queries[0].mask)
    )
    #expect(mask.count > 0 && mask != before)
    #expect(found.semanticMask != plain.semanticMask)
    #expect(found.queries[1].mask == plain.queries[1].mask)
    #expect(found.queries.map(\.presence) == plain.queries.map(\.presence))
    // Logits are smoothed, not masks: where three slices agree, so does their mean.
    let area = before.width * before.height
    for i in 0..<area {
      let all = (0..<3).map { before.voxels[$0 * area + i] }
      if Set(all).count == 1 { #expect(mask.voxels[area + i] == all[0]) }
    }
    let slice = try #require(image.slice(1))
    let alone = try await wide.segment(
      slice, imageKey: "slice", queries: [queries[0]], options: everything, progress: nil)
    let usual = try await ask([queries[0]], slice, key: "slice")
    #expect(alone.queries[0].mask == usual.queries[0].mask)
  }

  @Test(
    "the manifest's bias widens what a name draws in an image, and nothing in volumes or places")
  func maskBias() async throws {
    let biased = try TinyModel.predictor(maskBias: log(0.7 / 0.3))
    let image = try #require(TinyModel.volume().slice(1))
    let queries = [
      Query(.category("liver")),
      Query(.category("liver"), box: Box([5, 5, 25, 20])),
      Query(.category("liver"), clicks: [Click(at: [12, 9], isPositive: true)]),
    ]
    let anyway = SegmentOptions(presenceThreshold: 0)
    let plain = try await ask(queries, image, key: "slice", options: anyway).queries
    let low = try await ask(
      queries, image, key: "slice", options: SegmentOptions(threshold: 0.3, presenceThreshold: 0)
    ).queries
    let found = try await biased.segment(
      image, imageKey: "slice", queries: queries, options: anyway, progress: nil
    ).queries
    let (before, wide) = (try #require(plain[0].mask), try #require(low[0].mask))
    let mask = try #require(found[0].mask)
    #expect(before.count > 0 && mask.count > before.count)
    #expect(zip(mask.voxels, wide.voxels).count { $0 != $1 } <= 1)
    for n in 1...2 { #expect(found[n].mask == plain[n].mask) }
    let volume = try await biased.segment(
      TinyModel.volume(), imageKey: "v", queries: [queries[0]], options: anyway, progress: nil)
    #expect(
      volume.queries[0].mask == (try await ask([queries[0]], options: anyway).queries[0].mask))
  }

  @Test("a box or a click without a name is answered, and named")
  func places() async throws {
    let image = try #require(TinyModel.volume().slice(1))
    let result = try await ask(
      [
        Query(.unnamed, box: Box([4, 4, 30, 20])),
        Query(.unnamed, clicks: [Click(at: [12, 9], isPositive: true)]),
        Query(.freeText("the big organ under the right dome of the diaphragm")),
      ], image, key: "slice")
    #expect(result.queries[0].candidates.count == 5)
    #expect(result.queries[0].category == result.queries[0].candidates.first?.category)
    #expect(result.queries[1].isPresent)
    #expect(result.queries[2].category == nil)
    #expect(result.queries.allSatisfy { $0.mask?.depth == 1 })
    let chances = result.queries[0].candidates.map(\.probability)
    #expect(abs(chances.reduce(0, +) - 1) < 1e-4)
  }

  @Test("the masks that were not chosen come where they are asked for")
  func alternatives() async throws {
    let queries = [
      Query(.unnamed, clicks: [Click(at: [12, 9, 1], isPositive: true)]),
      Query(.category("liver"), box: Box([4, 4, 0, 30, 20, 2])), Query(.category("kidneys")),
    ]
    var options = everything
    #expect(try await ask(queries).queries.allSatisfy { $0.alternatives.isEmpty })
    options.wantsAlternatives = true
    let result = try await ask(queries, options: options)
    #expect(result.queries.map(\.alternatives.count) == [3, 3, 0])
    #expect(Set(result.queries[0].alternatives).count == 3)
    let plain = try await ask(queries).queries
    #expect(result.queries.map(\.mask) == plain.map(\.mask))
    for mask in result.queries[0].alternatives {
      #expect([mask.width, mask.height, mask.depth] == [40, 30, 3])
    }
  }

  @Test("sentences stand in for a category's own description")
  func sentences() async throws {
    let vocabulary = try Vocabulary.load(at: VocabularyLocation.find())
    let modality = TinyModel.volume().modality?.rawValue
    let own = vocabulary.aspectTexts(for: "liver", modality: modality)
    let others = vocabulary.aspectTexts(for: "spleen", modality: modality)
    let result = try await ask([
      Query(.category("liver")), Query(.category("liver"), sentences: own),
      Query(.category("liver"), sentences: others), Query(.category("spleen")),
      Query(.freeText("anything"), sentences: others),
    ]).queries
    #expect(result[0].mask == result[1].mask && result[0].presence == result[1].presence)
    #expect(result[2].mask != result[0].mask && result[2].mask == result[3].mask)
    #expect(result[4].mask == result[3].mask)
    for wrong in [
      Query(.category("liver"), sentences: ["one"]),
      Query(.unnamed, box: Box([4, 4, 0, 30, 20, 2]), sentences: own),
    ] {
      await #expect(throws: PredictorError.self) { try await ask([wrong]) }
    }
  }

  @Test(
    "boxes and clicks that do not fit are refused",
    arguments: [
      Query(.unnamed), Query(.unnamed, box: Box([1, 2, 3, 4])),
      Query(.unnamed, box: Box([9, 9, 0, 5, 20, 1])),
      Query(.unnamed, box: Box([50, 0, 0, 60, 20, 1])),
      Query(.unnamed, box: Box([0, 0, 0, .nan, 20, 1])),
      Query(.unnamed, clicks: [Click(at: [3, 3], isPositive: true)]),
      Query(.unnamed, clicks: [Click(at: [3, 3, 9], isPositive: true)]),
      Query(
        .unnamed, clicks: (0..<65).map { Click(at: [Double($0 % 40), 3, 1], isPositive: true) }),
      Query(.category("no such thing")),
    ])
  func refused(_ query: Query) async throws {
    await #expect(throws: PredictorError.self) { try await ask([query]) }
  }

  @Test("features are cached by key within the bound, and the answer stays the same")
  func cache() async throws {
    // Room for about two slices.
    let small = try TinyModel.predictor(cacheBytes: 150_000)
    let image = TinyModel.volume()
    let query = [Query(.category("liver"))]
    let first = try await small.segment(
      image, imageKey: "a", queries: query, options: everything, progress: nil)
    let second = try await small.segment(
      image, imageKey: "a", queries: query, options: everything, progress: nil)
    let large = try await ask(query, image)
    #expect(first.queries[0].mask == second.queries[0].mask)
    #expect(first.queries[0].mask == large.queries[0].mask)
    #expect(small.featureCache.bytes <= 150_000 && small.featureCache.bytes > 0)
  }

  @Test("requests side by side share batches, and get what each gets alone")
  func batches() async throws {
    let sizes = Mutex<[Int]>([])
    let predictor = try TinyModel.predictor { options in
      (options.requests, options.streams, options.batchSizes) = (6, 1, [1, 2, 4])
      options.observeBatch = { stage, size in
        if stage == .decoders { sizes.withLock { $0.append(size) } }
      }
    }
    let names = ["liver", "spleen", "pancreas"]
    let alone = try await ask(names.map { Query(.category($0)) })
    // Few voxels lie so near the threshold that another order of sums moves them.
    func differ(_ a: BinaryMask?, _ b: BinaryMask?) throws -> Int {
      let (a, b) = (try #require(a), try #require(b))
      return zip(a.voxels, b.voxels).count { $0 != $1 }
    }
    let answers = try await withThrowingTaskGroup(of: SegmentationResult.self) { group in
      for n in 0..<12 {
        group.addTask { [everything] in
          try await predictor.segment(
            TinyModel.volume(), imageKey: "\(n % 3)",
            queries: names.map { Query(.category($0)) }, options: everything, progress: nil)
        }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(answers.count == 12)
    for answer in answers {
      for n in names.indices {
        #expect(try differ(answer.queries[n].mask, alone.queries[n].mask) <= 4)
      }
    }
    let ran = sizes.withLock { $0 }
    // Three slices of twelve requests, three queries each; none was lost, and some ran together.
    #expect(ran.reduce(0, +) == 108 && ran.allSatisfy { (1...4).contains($0) })
    #expect(ran.count < 108)
    // Each of the three images was encoded once.
    #expect(predictor.featureCache.misses == 9)
  }

  @Test("images of requests side by side share the encoder's batches, and keep their own features")
  func imageBatches() async throws {
    let sizes = Mutex<[Int]>([])
    let predictor = try TinyModel.predictor { options in
      (options.requests, options.streams, options.imageBatchSizes) = (6, 1, [1, 2, 4])
      options.observeBatch = { stage, size in
        guard stage == .imageEncoder else { return }
        sizes.withLock { $0.append(size) }
        // The stream is still taken: what is asked meanwhile gathers.
        Thread.sleep(forTimeInterval: 0.05)
      }
    }
    // Six images, each turned by some slices, so that a mix-up of neighbours would show.
    func image(_ n: Int) -> MedicalImage {
      var image = TinyModel.volume()
      let area = image.width * image.height
      let turn = n % image.depth * area
      image.samples = Array(image.samples[turn...] + image.samples[..<turn]).map { $0 + Float(n) }
      return image
    }
    let query = [Query(.category("liver")), Query(.category("spleen"))]
    var (answers, asked): ([(Int, SegmentationResult)], Int) = ([], 0)
    // On a busy machine nobody may come in time; not for ever.
    while asked < 30 * 18, !sizes.withLock({ $0.contains { $0 > 1 } }) {
      let round = asked
      answers = try await withThrowingTaskGroup(of: (Int, SegmentationResult).self) { group in
        for n in 0..<6 {
          group.addTask { [everything] in
            (
              n,
              try await predictor.segment(
                image(n), imageKey: "\(round) \(n)", queries: query, options: everything,
                progress: nil)
            )
          }
        }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      asked += 18
    }
    let alone = try TinyModel.predictor()
    for (n, answer) in answers {
      let expected = try await alone.segment(
        image(n), imageKey: "\(n)", queries: query, options: everything, progress: nil)
      for q in query.indices {
        let (a, b) = (
          try #require(answer.queries[q].mask), try #require(expected.queries[q].mask)
        )
        #expect(zip(a.voxels, b.voxels).count { $0 != $1 } <= 4)
        #expect(abs(answer.queries[q].presence - expected.queries[q].presence) < 1e-3)
      }
    }
    let ran = sizes.withLock { $0 }
    #expect(ran.reduce(0, +) == asked && ran.allSatisfy { (1...4).contains($0) })
    #expect(ran.contains { $0 > 1 })
  }

  @Test("within a size of batch an answer is the same bit for bit")
  func batchNeighbours() async throws {
    let predictor = try TinyModel.predictor { $0.batchSizes = [1, 2, 4] }
    func masks(_ names: [String]) async throws -> [BinaryMask?] {
      try await predictor.segment(
        TinyModel.volume(depth: 1), imageKey: "one", queries: names.map { Query(.category($0)) },
        options: everything, progress: nil
      ).queries.map(\.mask)
    }
    // Three and four queries run as four; the first is the same whatever stands beside it.
    let (three, four) = (
      try await masks(["liver", "spleen", "pancreas"]),
      try await masks(["liver", "left_kidney", "right_kidney", "spleen"])
    )
    #expect(three[0] == four[0] && three[1] == four[3])
  }

  @Test("slices look at those around them, at two below and two above")
  func acrossSlices() async throws {
    let looking = try TinyModel.looking(reach: 4)
    let query = [Query(.category("liver"))]
    let image = TinyModel.volume(depth: 9)
    func presence(
      _ predictor: Predictor, _ image: MedicalImage, key: String
    ) async throws -> [Double] {
      try await predictor.segment(
        image, imageKey: key, queries: query, options: everything, progress: nil
      ).queries[0].slicePresence
    }
    let alone = try await presence(Self.predictor.get(), image, key: "nine")
    let seen = try await presence(looking, image, key: "nine")
    #expect(zip(seen, alone).allSatisfy { abs($0 - $1) > 1e-7 })
    // Another uppermost slice: seen by itself, by the one below it (3 mm are the next slice's too), and
    // by those two and three below; presence is a mean over neighbours besides.
    var other = image
    let plane = image.width * image.height
    for n in 8 * plane..<9 * plane { other.samples[n] = 300 - other.samples[n] }
    let changed = try await presence(looking, other, key: "other")
    #expect(Array(changed[..<3]) == Array(seen[..<3]))
    #expect((5..<9).allSatisfy { changed[$0] != seen[$0] })
    // A cache that holds next to nothing costs time only.
    let small = try TinyModel.looking(reach: 4, cacheBytes: 1)
    #expect(try await presence(small, image, key: "nine") == seen)
    // A single image has nothing around it.
    let one = try #require(image.slice(4))
    let options = everything
    let (with, without) = (
      try await looking.segment(
        one, imageKey: "one", queries: query, options: options, progress: nil),
      try await Self.predictor.get().segment(
        one, imageKey: "one", queries: query, options: options, progress: nil)
    )
    #expect(with.queries[0].mask == without.queries[0].mask)
    #expect(with.queries[0].presence == without.queries[0].presence)
  }

  @Test("a box on one slice of a volume has that slice encoded and no other")
  func boxOnOneSlice() async throws {
    let predictor = try TinyModel.predictor()
    let image = TinyModel.volume()
    let query = [Query(.category("liver"), box: Box([4, 4, 1, 30, 20, 2]))]
    func encodedBytes(probabilities: Bool) async throws -> Int {
      var options = everything
      options.wantsProbabilities = probabilities
      let result = try await predictor.segment(
        image, imageKey: "box", queries: query, options: options, progress: nil)
      let mask = try #require(result.queries[0].mask)
      #expect(mask.slice(0)?.count == 0 && mask.slice(2)?.count == 0)
      #expect(try #require(mask.slice(1)).count > 0)
      return predictor.featureCache.bytes
    }
    let one = try await encodedBytes(probabilities: false)
    // What is in the image at all is asked of every slice.
    #expect(try await encodedBytes(probabilities: true) == 3 * one)
  }

  @Test("work that nobody waits for stops")
  func cancel() async throws {
    let predictor = try Self.predictor.get()
    let task = Task {
      try await predictor.segment(
        TinyModel.volume(depth: 200), imageKey: "long",
        queries: TinyModel.categories.map { Query(.category($0)) }, options: everything,
        progress: nil)
    }
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
  }

  @Test("a mask is a prompt: only its slices are drawn, and the stronger it is the more like it")
  func maskPrompt() async throws {
    var told = BinaryMask(width: 40, height: 30, depth: 3)
    for y in 8..<20 { for x in 10..<28 { told.voxels[(30 + y) * 40 + x] = 1 } }
    func dice(_ strength: Double) async throws -> Double {
      let query = Query(.category("liver"), mask: MaskPrompt(told, strength: strength))
      let mask = try #require(try await ask([query]).queries[0].mask)
      #expect(mask.slice(0)?.count == 0 && mask.slice(2)?.count == 0)
      return try Overlap(mask, told).dice
    }
    let (weak, strong) = (try await dice(0), try await dice(100))
    #expect(strong > 0.99 && strong > weak)
  }

  @Test("the other slices are asked too where a mask's query says so")
  func maskPromptElsewhere() async throws {
    var told = BinaryMask(width: 40, height: 30, depth: 3)
    for y in 8..<20 { for x in 10..<28 { told.voxels[(30 + y) * 40 + x] = 1 } }
    let plain = try #require(try await ask([Query(.category("liver"))]).queries[0].mask)
    let query = Query(.category("liver"), mask: MaskPrompt(told, asksElsewhere: true))
    let mask = try #require(try await ask([query]).queries[0].mask)
    #expect(mask.slice(0) == plain.slice(0) && mask.slice(2) == plain.slice(2))
  }

  @Test("only the slices that are wanted are looked at")
  func someSlices() async throws {
    let plain = try #require(try await ask([Query(.category("liver"))]).queries[0].mask)
    var options = everything
    options.slices = [1]
    let mask = try #require(
      try await ask([Query(.category("liver"))], options: options).queries[0].mask)
    #expect(mask.slice(0)?.count == 0 && mask.slice(2)?.count == 0)
    #expect(mask.slice(1) == plain.slice(1))
  }

  @Test("clicks beyond those that the network takes count too")
  func manyClicks() async throws {
    // The middle of seven is told neither as the first nor as one of the latest five.
    let places = (0..<7).map { [Double(4 + 5 * $0), 6.0, 1] }
    func ask(_ isPositive: Bool) async throws -> BinaryMask {
      var clicks = places.map { Click(at: $0, isPositive: true) }
      clicks[1].isPositive = isPositive
      return try #require(
        try await self.ask([Query(.unnamed, clicks: clicks)]).queries[0].mask)
    }
    let (with, without) = (try await ask(true), try await ask(false))
    #expect(with != without)
    await #expect(throws: PredictorError.self) {
      let clicks = (0..<65).map { Click(at: [Double($0 % 40), 5, 1], isPositive: true) }
      _ = try await self.ask([Query(.unnamed, clicks: clicks)])
    }
  }

  @Test("a mask of another size is refused")
  func wrongMask() async throws {
    let query = Query(.category("liver"), mask: MaskPrompt(BinaryMask(width: 4, height: 3)))
    await #expect(throws: PredictorError.self) { _ = try await ask([query]) }
  }
}

/// A reordering and flipping of a volume's axes.
struct Turn {
  /// Axis a of the turned grid is axis `order[a]` of the plain one.
  var order: [Int]
  var flips: [Bool]
  var size: [Int]

  private var turnedSize: [Int] { order.map { size[$0] } }

  func apply<T>(_ values: [T]) -> [T] {
    let s = turnedSize
    var out: [T] = []
    for c in 0..<s[2] {
      for b in 0..<s[1] {
        for a in 0..<s[0] {
          var at = [0, 0, 0]
          for (n, v) in [a, b, c].enumerated() {
            at[order[n]] = flips[n] ? s[n] - 1 - v : v
          }
          out.append(values[(at[2] * size[1] + at[1]) * size[0] + at[0]])
        }
      }
    }
    return out
  }

  func apply(_ image: MedicalImage) -> MedicalImage {
    let s = turnedSize
    var rows = image.affine.rows
    for r in 0..<3 {
      var origin = image.affine.rows[r][3]
      for n in 0..<3 {
        let step = image.affine.rows[r][order[n]]
        rows[r][n] = flips[n] ? -step : step
        if flips[n] { origin += step * Double(s[n] - 1) }
      }
      rows[r][3] = origin
    }
    return MedicalImage(
      width: s[0], height: s[1], depth: s[2], samples: apply(image.samples),
      affine: Affine(rows: rows), modality: image.modality, intensity: image.intensity,
      isVolume: true, hasSpacing: true)
  }
}
