import Foundation
import NeuralGraph
import SegSAM
import Testing

@testable import Training

extension TorchTests {
  @Suite("Pretraining")
  struct PretrainingTests {
    /// Three slices, one of them of a volume: at each place in it 40 below and 200 above.
    private func maker(images: Int = 3) throws -> BatchMaker {
      var maker = try SyntheticCorpus.whole().maker(images: images, slots: 6, isPlain: true)
      maker.configuration.sliceReach = 3
      let area = maker.store.slices[0].pixels.count
      maker.store.slices[0].neighbours = 2
      maker.store.slices[0].pixels +=
        [UInt8](repeating: 40, count: area) + [UInt8](repeating: 200, count: area)
      return maker
    }

    private func trainer(
      _ method: Pretraining.Method, _ maker: BatchMaker, start: Weights = [:]
    ) throws -> Trainer {
      var stage = Stage(imageSize: 32, images: maker.shape.images, slots: 6, steps: 60, rate: 3e-3)
      stage.warmUp = 5
      var configuration = TrainingConfiguration(stage: stage)
      (configuration.network, configuration.threads) = (maker.configuration, 1)
      return try Trainer(
        configuration: configuration, categoryCount: 4, pretraining: method, start: start)
    }

    @Test("learns without labels", arguments: Pretraining.Method.allCases)
    func learns(_ method: Pretraining.Method) throws {
      let maker = try maker()
      let trainer = try trainer(method, maker)
      var random = SeededRandom(seed: 2)
      let batch = maker.pretraining(method, random: &random)
      var losses: [Float] = []
      for _ in 0..<60 { losses.append(try #require(try trainer.train(batch).losses["loss"])) }
      #expect(losses[59] < 0.6 * losses[0], "\(losses[0]) → \(losses[59])")
      // No head of a decoder is trained, and what only pretraining needs is called so.
      let names = trainer.meanWeights().keys
      #expect(names.allSatisfy { $0.hasPrefix("image_encoder.") || $0.hasPrefix("pretraining.") })
    }

    @Test("hides whole patches, and counts nothing else")
    func hidden() throws {
      let maker = try maker()
      var random = SeededRandom(seed: 3)
      let batch = maker.pretraining(.masked, random: &random)
      let hidden = try #require(batch.floats["hidden"])
      #expect(try #require(batch.floats["image"]).count == 3 * 5 * 1024)
      for n in 0..<3 {
        let mine = hidden[n * 1024..<(n + 1) * 1024]
        // Of four patches of 16 × 16, 60 % are two.
        #expect(mine.reduce(0, +) == 512 && mine.allSatisfy { $0 == 0 || $0 == 1 })
        for y in 0..<32 {
          for x in 0..<32 {
            let corner = mine[n * 1024 + y / 16 * 16 * 32 + x / 16 * 16]
            #expect(mine[n * 1024 + y * 32 + x] == corner)
          }
        }
      }
      // What is shown does not count: with all of it shown the loss is 0.
      var shown = batch
      shown.floats["hidden"] = hidden.map { _ in 0 }
      #expect(try trainer(.masked, maker).train(shown).losses["loss"] == 0)
    }

    @Test("pairs a volume's slice with a neighbour, and shows neither between its own")
    func pairs() throws {
      var maker = try maker(images: 8)
      maker.store.slices = [maker.store.slices[0]]
      var random = SeededRandom(seed: 4)
      let image = try #require(maker.pretraining(.neighbours, random: &random).floats["image"])
      #expect(image.count == 16 * 5 * 1024)
      func level(_ n: Int, _ channel: Int, _ at: Int) -> Float {
        ((image[(n * 5 + channel) * 1024 + at] * 0.25 + 0.5) * 255).rounded()
      }
      var others: Set<Float> = []
      for n in 0..<8 {
        for channel in 1..<5 { #expect(level(n, channel, 40) == level(n, 0, 40)) }
        others.insert(level(8 + n, 0, 330))
        #expect(level(8 + n, 4, 330) == level(8 + n, 0, 330))
      }
      #expect(others == [40, 200])
    }

    @Test("leaves an encoder to go on with, and is not done twice")
    func run() throws {
      let maker = try maker()
      let folder = FileManager.default.temporaryDirectory
        .appendingPathComponent("segsam-\(UUID().uuidString)")
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      defer { try? FileManager.default.removeItem(at: folder) }
      let stage = Stage(imageSize: 32, images: 3, slots: 6, steps: 1, rate: 1e-3)
      var configuration = TrainingConfiguration(stage: stage)
      (configuration.network, configuration.threads) = (maker.configuration, 1)
      let run = TrainingRun(
        corpus: folder, output: folder, configuration: configuration, stages: [stage])
      let material = TrainingRun.Material(
        train: maker.store, val: maker.store, texts: maker.texts,
        categories: SyntheticCorpus.categories, modalities: ["MR", "MR", "MR", "MR"],
        categoryText: [], encoderID: "none")
      let pretraining = Pretraining(method: .masked, steps: 12)
      let given: Weights = ["t2vse.no_text": ([1], [3])]
      let weights = try run.pretrain(pretraining, from: given, material: material)
      #expect(weights["t2vse.no_text"]?.values == [3])
      #expect(weights["image_encoder.stem.weight"]?.shape == [8, 5, 3, 3])
      #expect(!weights.keys.contains { $0.hasPrefix("pretraining") })
      let again = try run.pretrain(pretraining, from: given, material: material)
      #expect(again.mapValues(\.values) == weights.mapValues(\.values))
      let log = try String(
        contentsOf: folder.appendingPathComponent("pretraining-losses.csv"), encoding: .utf8)
      #expect(log.split(separator: "\n").count == 2)
    }
  }
}
