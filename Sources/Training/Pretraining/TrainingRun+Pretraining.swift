import Foundation
import NeuralGraph
import SegSAM

extension TrainingRun {
  /// Trains the image encoder without labels, with the first stage's sizes and rate, and gives the
  /// weights with its own in place.
  ///
  /// Goes on from its checkpoint where it was broken off.
  func pretrain(
    _ pretraining: Pretraining, from weights: Weights, material: Material
  ) throws -> Weights {
    guard var stage = stages.first else { return weights }
    stage.steps = pretraining.steps
    stage.warmUp = min(stage.warmUp, max(1, stage.steps / 10))
    var configuration = configuration
    configuration.stage = stage
    (configuration.frozen, configuration.lora, configuration.correctEvery) = ([], nil, 0)
    let trainer = try Trainer(
      configuration: configuration, categoryCount: material.categories.count,
      pretraining: pretraining.method, start: weights)
    let checkpoint = output.appendingPathComponent("pretraining.safetensors").path
    if FileManager.default.fileExists(atPath: checkpoint) {
      try trainer.restore(try SafetensorsFile(path: checkpoint).allFloats())
    }
    let batches = BatchMaker(
      store: material.train, texts: material.texts, configuration: trainer.network.configuration,
      shape: BatchShape(images: stage.images, slots: 1, perImage: 1, pairs: []))
    let queue = BatchQueue(
      from: trainer.step, ahead: 5 + dataThreads, threads: dataThreads,
      seed: configuration.seed &+ 0x5eed
    ) { batches.pretraining(pretraining.method, random: &$0) }
    defer { queue.stop() }
    let log = try TrainingLog(directory: output, name: "pretraining", losses: ["loss"])
    var meter = StepMeter()
    var saved = Date()
    while trainer.step < stage.steps {
      try step(trainer, queue, &meter)
      let isLast = trainer.step == stage.steps
      if trainer.step % logSteps == 0 || isLast {
        try end(&meter, of: trainer, "pretraining", log)
      }
      if Date().timeIntervalSince(saved) > checkpointSeconds || isLast {
        try Safetensors.write(try trainer.checkpoint(), to: checkpoint)
        saved = Date()
      }
    }
    var result = weights
    for (name, tensor) in trainer.meanWeights() where !name.hasPrefix(Pretraining.scope) {
      result[name] = tensor
    }
    return result
  }
}
