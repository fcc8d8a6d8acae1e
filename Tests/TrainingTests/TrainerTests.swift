import Foundation
import Imaging
import NeuralGraph
import OpenVINORuntime
import SegSAM
import Testing
import TextEncoder
import Vocabulary

@testable import Training

extension TorchTests {
  @Suite("The trainer")
  struct TrainerTests {
    let maker: BatchMaker
    let categoryText: [Float]

    init() throws {
      maker = try SyntheticCorpus.whole().maker(images: 2, slots: 6, isPlain: true)
      let texts = maker.texts
      categoryText = SyntheticCorpus.categories.flatMap { texts.vectors($0, "MR") }
    }

    func trainer(
      steps: Int = 60, network: NetworkConfiguration = tinyConfiguration(), start: Weights = [:],
      _ change: (inout TrainingConfiguration) -> Void = { _ in }
    ) throws -> Trainer {
      var stage = Stage(imageSize: 32, images: 2, slots: 6, steps: steps, rate: 4e-3)
      stage.warmUp = 5
      var configuration = TrainingConfiguration(stage: stage)
      configuration.network = network
      configuration.threads = 1
      configuration.perImage = 3
      change(&configuration)
      return try Trainer(
        configuration: configuration, categoryCount: 4, pairs: maker.shape.pairs, start: start,
        categoryText: categoryText)
    }

    func batches(_ count: Int) -> [Batch] {
      var random = SeededRandom(seed: 4)
      return (0..<count).map { _ in maker.make(random: &random) }
    }

    @Test("learns two images by heart")
    func overfits() throws {
      let trainer = try trainer()
      let batch = batches(1)[0]
      var losses: [[String: Float]] = []
      for _ in 0..<60 { losses.append(try trainer.train(batch).losses) }
      let (first, last) = (losses[0], losses[59])
      let (start, end) = (try #require(first["loss"]), try #require(last["loss"]))
      #expect(end < 0.4 * start, "\(start) → \(end)")
      for part in ["dice", "semantic_ce", "semantic_dice", "classes"] {
        #expect(try #require(last[part]) < 0.6 * #require(first[part]), "\(part)")
      }
      #expect(trainer.step == 60)
    }

    @Test("gives a first layer that sees more channels no say in the new ones")
    func widened() throws {
      let old: Weights = [
        "image_encoder.stem.weight": ([2, 3, 1, 2], (1...12).map(Float.init)),
        "image_encoder.norm.weight": ([2], [1, 2]),
      ]
      let new = TrainingRun.widened(old, channels: 5)
      let stem = try #require(new["image_encoder.stem.weight"])
      #expect(stem.shape == [2, 5, 1, 2])
      #expect(
        stem.values == [1, 2, 3, 4, 5, 6, 0, 0, 0, 0, 7, 8, 9, 10, 11, 12, 0, 0, 0, 0])
      #expect(new["image_encoder.norm.weight"]?.values == [1, 2])
      #expect(TrainingRun.widened(old, channels: 3)["image_encoder.stem.weight"]?.shape[1] == 3)
    }

    @Test("leaves frozen parts as they are, and trains the rest")
    func freezes() throws {
      let trainer = try trainer {
        $0.frozen = ["image_encoder", "t2vse"]
        $0.featureBytes = 0
      }
      let before = try trainer.checkpoint()
      for batch in batches(2) { _ = try trainer.train(batch) }
      let after = try trainer.checkpoint()
      var (kept, moved) = (0, 0)
      for (name, tensor) in before where name.hasPrefix("weights.") {
        let isSame = tensor.values == after[name]?.values
        let isFrozen =
          name.hasPrefix("weights.image_encoder.") || name.hasPrefix("weights.t2vse.")
        if isFrozen { #expect(isSame, "\(name)") }
        if isSame { kept += 1 } else { moved += 1 }
      }
      #expect(kept > 20 && moved > 50)
      // Nothing is kept in mind of what is not trained.
      #expect(after.keys.contains { $0.hasPrefix("m.semantic_aware.") })
      #expect(!after.keys.contains { $0.hasPrefix("m.image_encoder.") })
    }

    @Test("trains the rest on features of views that were encoded once")
    func features() throws {
      let start = try trainer().meanWeights()
      let trainer = try trainer(start: start) { $0.frozen = ["image_encoder"] }
      var cached = maker
      let views = try FeatureViews(
        maker, network: trainer.network, weights: start, bytes: 1 << 20, perSlice: 4, seed: 3,
        autocast: false)
      #expect(views.views.count == maker.store.slices.count * 4)
      cached.views = views
      // The same view as the encoder sees it in a step.
      let network = trainer.network
      let executor = try GraphExecutor(network.featureGraph(images: 1))
      var given: [String: TorchTensor] = [:]
      for node in executor.graph.parameters {
        given[node.name] = try TorchTensor(#require(start[node.name]).values, shape: node.shape)
      }
      var random = SeededRandom(seed: 3)
      var pixels = [Float](repeating: 0, count: 3 * 32 * 32)
      let view = pixels.withUnsafeMutableBufferPointer {
        maker.view(into: &$0, at: 0, random: &random)
      }
      #expect(view.labels == views.views[0].labels)
      given["image"] = try TorchTensor(pixels, shape: [1, 3, 32, 32])
      for (name, tensor) in try executor.run(given) {
        let (expected, found) = (try tensor.values(), try #require(views.features(of: [0])[name]))
        #expect(found.count == expected.count)
        #expect(zip(found, expected).allSatisfy { abs($0 - $1) < 5e-3 })
      }
      var losses: [Float] = []
      for _ in 0..<40 {
        losses.append(try #require(try trainer.train(cached.make(random: &random)).losses["loss"]))
      }
      let (early, late) = (losses.prefix(8).reduce(0, +), losses.suffix(8).reduce(0, +))
      #expect(late < 0.8 * early, "\(early) → \(late)")
      let after = trainer.meanWeights()
      #expect(Set(after.keys) == Set(start.keys))
      for (name, tensor) in start where name.hasPrefix("image_encoder.") {
        #expect(after[name]?.values == tensor.values, "\(name)")
      }
    }

    @Test("trains on top of another network's encoder, which stays as it is")
    func foreign() throws {
      let folder = FileManager.default.temporaryDirectory
        .appendingPathComponent("foreign-\(UUID().uuidString)")
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      defer { try? FileManager.default.removeItem(at: folder) }
      // 64 pixels, patches of 8: twice as fine as our tokens.
      let builder = GraphBuilder()
      var random = SeededRandom(seed: 8)
      let kernel = (0..<6 * 3 * 64).map { _ in random.uniform(-0.1, 0.1) }
      try builder.output(
        "features",
        builder.root(
          .conv2d(stride: 8, padding: 0, groups: 1), builder.input("x", [1, 3, 64, 64]),
          builder.root.constant(kernel, [6, 3, 8, 8])))
      let file = folder.appendingPathComponent("encoder.onnx")
      try Data(ONNXWriter.encode(builder.graph)).write(to: file)
      let model = try ForeignModel(
        path: file.path, mean: [0.5, 0.5, 0.5], deviation: [0.25, 0.25, 0.25])
      var network = tinyConfiguration()
      network.encoder = model.encoder
      let trainer = try trainer(network: network)
      var cached = maker
      cached.configuration.encoder = model.encoder
      cached.views = try FeatureViews(
        cached, foreign: model, bytes: 1 << 22, perSlice: 2, seed: 3)
      #expect(cached.views?.views.count == max(8, maker.store.slices.count * 2))
      let batch = cached.make(random: &random)
      #expect(batch.floats["foreign"]?.count == 2 * 64 * 6)
      let start = trainer.meanWeights()
      var losses: [Float] = []
      for _ in 0..<30 { losses.append(try #require(try trainer.train(batch).losses["loss"])) }
      #expect(losses[29] < 0.7 * losses[0], "\(losses[0]) → \(losses[29])")
      let after = trainer.meanWeights()
      let name = "image_encoder.foreign.project.weight"
      #expect(after[name]?.shape == [network.width, 6])
      #expect(after[name]?.values != start[name]?.values)
      #expect(after["image_encoder.down16.weight"] == nil)
      let scores = try QuickValidation(
        maker: cached, network: trainer.network, foreign: model, images: 2
      ).run(after, categoryText: categoryText)
      #expect(scores.count == cached.store.pairs(limit: 6, pixels: 10).count)
      #expect(scores.contains { $0.binary > 0.2 })
    }

    @Test(
      "trains on Segment Anything's networks, of which those stay that are frozen",
      arguments: [SAMTraining.frozen, .adapted, .whole])
    func segmentAnything(_ kind: SAMTraining) throws {
      var network = tinyConfiguration()
      let sam = SAMTraining.configuration
      (network.sam, network.drawsBinary) = (sam, nil)
      var start: Weights = [:]
      for (name, tensor) in try SAMTraining.weights() { start["sam.\(name)"] = tensor }
      let trainer = try trainer(network: network, start: start) {
        if kind == .frozen { $0.frozen = ["image_encoder", "semantic_agnostic"] }
        if kind == .adapted { $0.lora = 2 }
      }
      var source = maker
      source.configuration.sam = sam
      var model: ForeignModel?
      if kind == .frozen {
        model = try ForeignModel(sam, weights: start)
        source.views = try FeatureViews(
          source, foreign: try #require(model), bytes: 1 << 22, perSlice: 2, seed: 3)
      }
      var random = SeededRandom(seed: 8)
      let batch = source.make(random: &random)
      let before = trainer.meanWeights()
      var losses: [[String: Float]] = []
      for _ in 0..<60 { losses.append(try trainer.train(batch).losses) }
      let (first, last) = (losses[0], losses[59])
      #expect(try #require(last["loss"]) < 0.8 * #require(first["loss"]))
      // A decoder that knows nothing and stays so draws nothing, whatever it is told.
      if kind != .frozen { #expect(try #require(last["dice"]) < 0.6 * #require(first["dice"])) }
      #expect(try #require(last["semantic_dice"]) < 0.6 * #require(first["semantic_dice"]))
      let after = trainer.meanWeights()
      func changed(_ prefix: String) -> Set<String> {
        Set(
          after.keys.filter { $0.hasPrefix(prefix) && after[$0]?.values != before[$0]?.values })
      }
      // All of their weights are there at the end, those too that no step runs.
      #expect(start.keys.allSatisfy { after[$0] != nil })
      #expect(after.keys.allSatisfy { !$0.contains("lora") })
      #expect(!changed("t2vse.to_sam").isEmpty && !changed("image_encoder.stem").isEmpty)
      #expect(after["semantic_agnostic.t_o"] == nil)
      let encoder = changed("sam.image_encoder.")
      switch kind {
      case .frozen: #expect(changed("sam.").isEmpty)
      case .adapted:
        #expect(encoder.contains("sam.image_encoder.blocks.0.attn.qkv.weight"))
        #expect(encoder.allSatisfy { $0.hasSuffix(".weight") && !$0.contains("norm") })
      case .whole:
        #expect(encoder.contains("sam.image_encoder.patch_embed.proj.weight"))
        #expect(changed("sam.prompt_encoder.pe_layer").isEmpty)
        #expect(!changed("sam.mask_decoder.mask_tokens").isEmpty)
      }
      let scores = try QuickValidation(
        maker: source, network: trainer.network, foreign: model, images: 2
      ).run(after, categoryText: categoryText)
      #expect(scores.count == source.store.pairs(limit: 6, pixels: 10).count)
    }

    @Test(
      "a run on Segment Anything's networks leaves a model that answers names and boxes by itself",
      .enabled(if: SAMTraining.isPossible, "run ./bootstrap for OpenVINO and MiniLM"))
    func segmentAnythingRun() async throws {
      let files = try ReaderFiles()
      try PhantomCorpus.write(
        count: 1, categories: ["liver", "spleen"],
        to: files.folder.appendingPathComponent("corpus"))
      let sam = SAMTraining.configuration
      let weights = try SAMTraining.weights()
      var manifest = Manifest(
        name: "sam", version: "1", network: NetworkConfiguration(), categories: [], modalities: [],
        textEncoder: "")
      manifest.sam = sam
      let folder = files.folder.appendingPathComponent("sam")
      try ModelBundle.save(manifest: manifest, weights: weights, to: folder)
      var network = tinyConfiguration()
      (network.textWidth, network.aspects) = (384, 6)
      (network.sam, network.drawsBinary) = (sam, nil)
      let stage = Stage(imageSize: 32, images: 2, slots: 4, steps: 3, rate: 1e-3)
      var configuration = TrainingConfiguration(stage: stage)
      (configuration.network, configuration.threads, configuration.perImage) = (network, 1, 2)
      configuration.frozen = ["image_encoder", "semantic_agnostic"]
      configuration.featureBytes = 1 << 20
      var run = TrainingRun(
        corpus: files.folder.appendingPathComponent("corpus"),
        output: files.folder.appendingPathComponent("run"), configuration: configuration,
        stages: [stage])
      run.start = try ModelBundle.load(directory: folder)
      try run.run()
      let bundle = try ModelBundle.load(
        directory: files.folder.appendingPathComponent("run/bundle"))
      #expect(bundle.manifest.sam == nil && bundle.manifest.network.sam == sam)
      #expect(bundle.manifest.categories == ["liver", "spleen"])
      for (name, tensor) in weights {
        let kept = tensor.values.map { Float(Float16($0)) }
        #expect(bundle.weights["sam.\(name)"]?.values == kept, "\(name)")
      }
      let predictor = try Predictor(
        bundle: bundle, vocabulary: Vocabulary.load(at: VocabularyLocation.find()))
      let image = try Phantom.make(seed: 1, size: [96, 72, 2], spacing: [4, 4, 60]).image
      let answers = try await predictor.segment(
        image, imageKey: "a",
        queries: [Query(.category("liver")), Query(.unnamed, box: Box([10, 10, 0, 50, 40, 1]))],
        options: SegmentOptions(presenceThreshold: 0), progress: nil)
      #expect(answers.queries.count == 2)
      #expect(answers.queries.allSatisfy { $0.mask?.voxels.count == 96 * 72 * 2 })
      // A weight of theirs that is missing is not made up.
      run.output = files.folder.appendingPathComponent("less")
      let less = files.folder.appendingPathComponent("less-sam")
      try ModelBundle.save(
        manifest: manifest, weights: weights.filter { $0.key != "mask_decoder.iou_token.weight" },
        to: less)
      run.start = try ModelBundle.load(directory: less)
      #expect(throws: GraphError.self) { try run.run() }
      // A larger stage than their encoder sees is no use where that is trained.
      run.start = try ModelBundle.load(directory: folder)
      run.configuration.frozen = []
      run.stages = [Stage(imageSize: 64, images: 2, slots: 4, steps: 1, rate: 1e-3)]
      run.output = files.folder.appendingPathComponent("larger")
      #expect(throws: CorpusError.self) { try run.run() }
    }

    @Test("attention across slices learns where all else is frozen")
    func acrossSlices() throws {
      var network = tinyConfiguration()
      network.sliceAttention = 5
      let start = try trainer().meanWeights()
      let trainer = try trainer(network: network, start: start) {
        $0.frozen = [
          "image_encoder", "prompt_encoder", "t2vse", "semantic_agnostic", "semantic_aware",
        ]
      }
      var looking = maker
      looking.configuration.sliceAttention = 5
      looking.store.slices = looking.store.slices.map { slice in
        var slice = slice
        if slice.channels == 1 { slice.around = [slice, slice, slice, slice] }
        return slice
      }
      let views = try FeatureViews(
        looking, network: trainer.network, weights: start, bytes: 1 << 22, perSlice: 2, seed: 3,
        autocast: false)
      looking.views = views
      // The same slice all around has the same features; colours have nothing around them.
      for n in views.views.indices {
        let found = views.features(of: [n])
        let isAlone = looking.store.slices[views.views[n].slice].around.isEmpty
        #expect(found["in_volume"] == [isAlone ? 0 : 1])
        guard !isAlone, let tokens = found["tokens"], let around = found["around"] else { continue }
        #expect(around.count == 4 * tokens.count)
        for k in 0..<4 {
          let one = around[k * tokens.count..<(k + 1) * tokens.count]
          #expect(zip(one, tokens).allSatisfy { abs($0 - $1) < 1e-2 })
        }
      }
      var random = SeededRandom(seed: 9)
      let batch = looking.make(random: &random)
      var losses: [Float] = []
      for _ in 0..<30 { losses.append(try #require(try trainer.train(batch).losses["loss"])) }
      #expect(losses[29] < losses[0], "\(losses[0]) → \(losses[29])")
      let after = trainer.meanWeights()
      for (name, tensor) in start { #expect(after[name]?.values == tensor.values, "\(name)") }
      #expect(after["cross_slice.attention.out.weight"]?.values.contains { $0 != 0 } == true)
      #expect(throws: GraphError.self) {
        _ = try self.trainer(start: start) {
          $0.frozen = [
            "image_encoder", "prompt_encoder", "t2vse", "semantic_agnostic", "semantic_aware",
          ]
        }
      }
    }

    @Test("adapts the encoder by thin matrices, and gives a plain network that says the same")
    func lowRank() throws {
      let start = try trainer().meanWeights()
      let adapted = try trainer(start: start) {
        $0.lora = 2
        $0.emaDecay = 0
      }
      let before = try adapted.checkpoint()
      let batches = batches(9)
      for batch in batches.prefix(8) { _ = try adapted.train(batch) }
      let after = try adapted.checkpoint()
      for (name, tensor) in before where name.hasPrefix("weights.image_encoder.") {
        let isAdapter = name.contains(".lora_")
        #expect((tensor.values != after[name]?.values) == isAdapter, "\(name)")
      }
      let merged = adapted.meanWeights()
      #expect(Set(merged.keys) == Set(start.keys))
      let kernel = "image_encoder.stage4.0.conv1.weight"
      #expect(try #require(merged[kernel]).values != start[kernel]?.values)
      let plain = try trainer(start: merged)
      let (said, expected) = (
        try plain.train(batches[8]).losses["loss"], try adapted.train(batches[8]).losses["loss"]
      )
      #expect(abs(try #require(said) - #require(expected)) < 2e-3)
    }

    @Test("trains a plain U-Net on what is drawn, with the same batches")
    func unet() throws {
      let trainer = try trainer { $0.network.architecture = .unet }
      let batch = batches(1)[0]
      var losses: [Float] = []
      for _ in 0..<40 { losses.append(try #require(try trainer.train(batch).losses["loss"])) }
      #expect(losses[39] < 0.5 * losses[0], "\(losses[0]) → \(losses[39])")
      let validation = try QuickValidation(maker: maker, network: trainer.network, images: 2)
      let scores = try validation.run(trainer.meanWeights(), categoryText: categoryText)
      #expect(!scores.isEmpty && scores.allSatisfy { $0.binary == $0.semantic })
      #expect(scores.contains { $0.binary > 0.3 })
    }

    @Test("leaves out what an ablation leaves out", arguments: AblationVariant.parts)
    func ablation(variant: AblationVariant) throws {
      let trainer = try trainer { $0 = variant.changed($0) }
      let before = try trainer.checkpoint()
      var maker = maker
      maker.mix = trainer.configuration.mix
      var random = SeededRandom(seed: 8)
      for _ in 0..<3 { _ = try trainer.train(maker.make(random: &random)) }
      let after = try trainer.checkpoint()
      func moves(_ name: String) -> Bool {
        before["weights.\(name)"]?.values != after["weights.\(name)"]?.values
      }
      #expect(moves("semantic_agnostic.hyper.0.weight"))
      // What has no gradient stays, but for decay; embeddings do not decay.
      #expect(moves("semantic_aware.t_so") == variant.hasSemanticDecoder)
      #expect(moves("semantic_aware.co_head.bias") == variant.hasCategoryTokens)
      let hasText = variant.asks == .textAndPoint || variant.drawsWholeImage
      #expect(moves("t2vse.aspects") == hasText)
    }

    @Test("validation clicks on the object, and says its name only if it shall")
    func validationPrompts() throws {
      let store = maker.store
      let pair = try #require(store.pairs(limit: 1, pixels: 10).first)
      let label = store.targets[pair.dataSet][pair.target]
      for prompt in [ValidationPrompt.text, .point, .textAndPoint] {
        let batch = maker.plain(
          [(pair.slices[0], label.members[0], label.values)], images: 2, prompt: prompt)
        let kinds = try #require(batch.floats["kinds"])
        let isClicked = kinds[2 * 5 + PointKind.positive.rawValue] == 1
        #expect(isClicked == (prompt != .text))
        #expect(batch.floats["has_text"]?[0] == (prompt == .point ? 0 : 1))
        guard isClicked, let places = batch.floats["places"] else { continue }
        let (x, y) = (Int(places[4] * 16), Int(places[5] * 16))
        #expect(maker.plainMask(pair.slices[0], values: label.values)[y * 16 + x])
      }
    }

    @Test("takes a model's weights to other categories, each with its own residual")
    func otherCategories() throws {
      let weights: Weights = [
        "semantic_aware.co_residual": ([3, 2], [1, 2, 3, 4, 5, 6]), "other": ([1], [7]),
      ]
      let fitted = TrainingRun.fitted(
        weights, from: ["liver", "pancreas", "spleen"],
        to: ["adrenal", "liver", "spleen", "stomach"])
      let residual = try #require(fitted["semantic_aware.co_residual"])
      #expect(residual.shape == [4, 2])
      #expect(residual.values == [0, 0, 1, 2, 5, 6, 0, 0])
      #expect(fitted["other"]?.values == [7])
      let same = TrainingRun.fitted(weights, from: ["a", "b", "c"], to: ["a", "b", "c"])
      #expect(same["semantic_aware.co_residual"]?.values == [1, 2, 3, 4, 5, 6])
    }

    @Test("goes on bit for bit from a checkpoint that lay on disk")
    func continues() throws {
      let work = batches(6)
      let whole = try trainer()
      for batch in work[..<3] { _ = try whole.train(batch) }
      let path = FileManager.default.temporaryDirectory
        .appendingPathComponent("checkpoint-\(UUID().uuidString).safetensors").path
      defer { try? FileManager.default.removeItem(atPath: path) }
      try Safetensors.write(whole.checkpoint(), to: path)
      var saved: Weights = [:]
      let file = try SafetensorsFile(path: path)
      for name in file.names { saved[name] = try file.floats(name) }

      // Another start, so that everything must come from the checkpoint.
      let other = try trainer { $0.seed = 99 }
      try other.restore(saved)
      #expect(other.step == 3)
      for batch in work[3...] {
        let (a, b) = (try whole.train(batch), try other.train(batch))
        #expect(a.losses == b.losses)
        #expect(a.norm == b.norm)
        #expect(a.rate == b.rate)
      }
      let (a, b) = (try whole.checkpoint(), try other.checkpoint())
      #expect(Set(a.keys) == Set(b.keys))
      for (name, value) in a { #expect(value.values == b[name]?.values, "\(name)") }
      // And it moved.
      #expect(
        saved["weights.image_encoder.stem.weight"]?.values
          != a["weights.image_encoder.stem.weight"]?.values)
    }

    @Test("refuses a checkpoint of another network, or one that is damaged")
    func refuses() throws {
      let mine = try trainer()
      var wider = tinyConfiguration()
      wider.decoderMLP = 48
      #expect(throws: GraphError.self) { try mine.restore(trainer(network: wider).checkpoint()) }
      for name in ["mean.image_encoder.stem.weight", "state.step"] {
        var damaged = try mine.checkpoint()
        damaged[name] = ([0], [])
        #expect(throws: (any Error).self, "\(name)") { try mine.restore(damaged) }
      }
    }

    @Test("does not train the Fourier frequencies, and averages what it does")
    func frozen() throws {
      let trainer = try trainer { $0.emaDecay = 0.5 }
      let before = try trainer.checkpoint()
      for batch in batches(8) { _ = try trainer.train(batch) }
      let after = try trainer.checkpoint()
      var still: Set<String> = []
      for (name, value) in before where name.hasPrefix("weights.") {
        if value.values == after[name]?.values { still.insert(name) }
      }
      #expect(
        still == [
          "weights.image_encoder.positions.gaussian", "weights.prompt_encoder.positions.gaussian",
        ])
      let name = "image_encoder.stem.weight"
      let mean = try #require(trainer.meanWeights()[name]).values
      let (old, new) = (
        try #require(before["weights.\(name)"]).values,
        try #require(after["weights.\(name)"]).values
      )
      #expect(mean != old && mean != new)
      for i in mean.indices {
        #expect((min(old[i], new[i]) - 1e-6...max(old[i], new[i]) + 1e-6).contains(mean[i]))
      }
    }

    @Test("starts from given weights, and makes the rest from its seed")
    func start() throws {
      let first = try trainer()
      let weights = first.meanWeights()
      #expect(try trainer().meanWeights().mapValues(\.values) == weights.mapValues(\.values))
      let name = "image_encoder.stem.weight"
      let given: Weights = [
        name: (
          try #require(weights[name]).shape,
          [Float](
            repeating: 0.5, count: try #require(weights[name]).values.count)
        )
      ]
      let second = try trainer(start: given) { $0.seed = 2 }.meanWeights()
      #expect(second[name]?.values.allSatisfy { $0 == 0.5 } == true)
      let other = "image_encoder.down4.weight"
      #expect(second[other]?.values != weights[other]?.values)
      #expect(first.parameterCount == weights.values.reduce(0) { $0 + $1.values.count })
    }

    @Test("steps by packed batches as by plain ones, to the 1/255 of a grey level")
    func packed() throws {
      let (plain, packing) = (try trainer(), try trainer())
      for batch in batches(5) {
        var packed = batch
        packed.pack()
        #expect(packed.floats["image"] == nil && packed.floats["target"] == nil)
        let (a, b) = (try plain.train(batch).losses, try packing.train(packed).losses)
        let (expected, found) = (try #require(a["loss"]), try #require(b["loss"]))
        #expect(abs(expected - found) < 0.02 * expected, "\(expected), \(found)")
      }
    }

    @Test("a stage of so many seconds ends by the clock, with its rate at the end")
    func timed() throws {
      let timed = try trainer(steps: 1_000_000) {
        $0.stage.seconds = 0.4
        $0.stage.warmUp = 1
      }
      let batch = batches(1)[0]
      var rates: [Double] = []
      while !timed.isDone, rates.count < 10_000 { rates.append(try timed.train(batch).rate) }
      #expect(timed.isDone && timed.seconds >= 0.4)
      #expect(zip(rates.dropFirst(), rates.dropFirst(2)).allSatisfy { $0 >= $1 })
      #expect(timed.rate(at: timed.step) == 4e-3 * 0.02)
      // Who goes on has no more time than was left.
      let next = try trainer(steps: 1_000_000) { $0.stage.seconds = 0.4 }
      #expect(!next.isDone)
      try next.restore(try timed.checkpoint())
      #expect(next.isDone && next.step == timed.step)
    }

    @Test("warms up along a line and cools down along a cosine")
    func rates() throws {
      let trainer = try trainer(steps: 105)
      #expect(abs(trainer.rate(at: 0) - 4e-3 / 5) < 1e-9)
      #expect(abs(trainer.rate(at: 4) - 4e-3) < 1e-9)
      #expect(abs(trainer.rate(at: 5) - 4e-3) < 1e-9)
      #expect(abs(trainer.rate(at: 55) - 4e-3 * (0.02 + 0.98 / 2)) < 1e-9)
      #expect(abs(trainer.rate(at: 105) - 4e-3 * 0.02) < 1e-9)
      #expect(trainer.rate(at: 5000) == trainer.rate(at: 105))
    }

    @Test("says the same in bfloat16, nearly")
    func autocast() throws {
      let batch = batches(1)[0]
      let exact = try trainer().train(batch)
      let rough = try trainer { $0.autocast = true }.train(batch)
      let (a, b) = (try #require(exact.losses["loss"]), try #require(rough.losses["loss"]))
      #expect(a != b)
      #expect(abs(a - b) < 0.05 * a)
      #expect(rough.norm != nil)
    }

    @Test("validates on the network's own grid")
    func validates() throws {
      let trainer = try trainer()
      let validation = try QuickValidation(maker: maker, network: trainer.network, images: 4)
      let scores = try validation.run(trainer.meanWeights(), categoryText: categoryText)
      #expect(
        Set(scores.map { "\($0.dataSet) \($0.category)" }) == [
          "abdomen left_kidney", "abdomen right_kidney", "abdomen renal_lesion", "both kidneys",
          "cells cell",
        ])
      #expect(scores.allSatisfy { (0...1).contains($0.binary) && (0...1).contains($0.semantic) })
      #expect(scores.map(\.n).max() == 2)
    }
  }
}

/// How much of Segment Anything's networks is trained.
enum SAMTraining: CaseIterable, Sendable {
  case frozen, adapted, whole

  static let isPossible =
    (try? OpenVINO.load()) != nil && (try? TextEncoder()) != nil
    && (try? VocabularyLocation.find()) != nil

  /// All that the layout has.
  static func weights() throws -> Weights {
    let inner = SAMNetwork(configuration: configuration)
    var weights: Weights = [:]
    for graph in [
      try inner.imageGraph(), try inner.promptGraph(), try inner.decoderGraph(),
      try inner.decoderGraph(withMask: true),
    ] {
      weights.merge(Weights.initial(for: graph, seed: 7)) { old, _ in old }
    }
    return weights
  }

  /// 32 pixels, patches of 8.
  static var configuration: SAMConfiguration {
    var c = SAMConfiguration()
    (c.imageSize, c.patchSize, c.width, c.depth, c.heads, c.encoderMLP) = (32, 8, 16, 2, 2, 24)
    (c.windowSize, c.globalBlocks) = (3, [1])
    (c.promptWidth, c.maskChannels, c.decoderHeads, c.decoderMLP) = (16, 8, 2, 24)
    c.scoreWidth = 16
    return c
  }
}
