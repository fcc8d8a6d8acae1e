import Foundation
import NeuralGraph
public import SegSAM

/// One part of a training run: an image size, for some steps.
public struct Stage: Codable, Sendable, Hashable {
  public var imageSize: Int
  public var images: Int, slots: Int
  public var steps: Int
  public var rate: Double
  /// The share of `rate` that the cosine ends at.
  public var finalRate: Double = 0.02
  public var warmUp: Int = 300
  /// Where given, the stage ends after so many seconds, and the rate falls with them; `steps` is then
  /// the most that are made.
  public var seconds: Double?
  public init(imageSize: Int, images: Int, slots: Int, steps: Int, rate: Double) {
    self.imageSize = imageSize
    self.images = images
    self.slots = slots
    self.steps = steps
    self.rate = rate
  }
}

/// The settings of a run; saved beside its checkpoints.
public struct TrainingConfiguration: Codable, Sendable, Hashable {
  public var network = NetworkConfiguration()
  public var weights = LossWeights()
  public var stage: Stage
  public var weightDecay = 0.05
  public var maxNorm = 1.0
  public var seed: UInt64 = 1
  public var threads = 2
  /// Of the running mean of the weights, which is what is evaluated and shipped.
  public var emaDecay = 0.998
  public var autocast = false
  public var perImage = 5
  /// Whether matrices and kernels are stepped by Muon instead of AdamW.
  public var muon = false
  /// Every so many steps clicks are added where the network is wrong; 0: never.
  public var correctEvery = 4
  /// Parts that keep their weights, by the first words of their parameters' names: `image_encoder`; see
  /// `NetworkPart`.
  public var frozen: Set<String> = []
  /// The rank of the image encoder's adaptation, whose own weights then stay; nil: none.
  public var lora: Int?
  /// How objects are asked for.
  public var mix = PromptMix()
  /// What a category is told by.
  public var text = TextChoice.all
  /// Whether CO-tokens tell the queries what else is there; for ablation.
  public var usesCategoryTokens = true
  /// Bytes for the features of views, where the image encoder is frozen; 0: it runs in every step.
  public var featureBytes = 2 << 30
  public init(stage: Stage) { self.stage = stage }

  /// Whether steps take features instead of images.
  var takesFeatures: Bool {
    frozen.contains("image_encoder") && lora == nil && featureBytes > 0 && !network.isUNet
      && network.foreign == nil
  }

  /// Whether Segment Anything's encoder is trained, as a part of the steps.
  var trainsSAM: Bool {
    network.sam != nil && (lora != nil || !frozen.contains(NetworkPart.imageEncoder))
  }

  /// How the names of the image encoder's parameters begin, whose weights LoRA adapts.
  var encoderPrefix: String {
    network.sam == nil ? NetworkPart.imageEncoder + "." : "sam.\(NetworkPart.imageEncoder)."
  }

  /// Whether a parameter keeps its value.
  func freezes(_ name: String) -> Bool {
    // SAM draws the Fourier frequencies once and does not train them.
    if name.hasSuffix(".gaussian") || name.hasSuffix(".positional_encoding_gaussian_matrix") {
      return true
    }
    if LowRank.holds(name) { return false }
    let parts = NetworkPart.holding(name, hasSAM: network.sam != nil)
    return !frozen.isDisjoint(with: parts)
      || lora != nil && parts.contains(NetworkPart.imageEncoder)
  }
}

/// What a step said.
public struct StepReport: Sendable {
  public var step: Int
  public var losses: [String: Float]
  public var norm: Double?
  public var rate: Double
}

/// Trains the network: one stage, with checkpoints from which it resumes.
public final class Trainer {
  public let configuration: TrainingConfiguration
  public let network: SegSAMNetwork
  public private(set) var step = 0
  /// Spent on the steps so far, in this run and those that it goes on from.
  public private(set) var seconds = 0.0
  private var last: Date?
  private let executor: GraphExecutor
  private let optimizer: Optimizer
  private var values: [String: TorchTensor] = [:]
  private let trained: [String]
  /// The running mean of every trained weight.
  private var mean: [String: [Float]]
  private static let meanEvery = 8
  private let inputShapes: [String: [Int]]
  /// Whether a step says what is drawn for each query.
  private let answersMasks: Bool
  /// Weights of the model that are not in the graph.
  private var kept: Weights = [:]

  /// - Parameters:
  ///   - start: weights to begin with; what they lack is initialised.
  ///   - categoryText: `[C, aspects · textWidth]`.
  public convenience init(
    configuration: TrainingConfiguration, categoryCount: Int, pairs: [[Int]], start: Weights,
    categoryText: [Float]
  ) throws {
    let network = Self.network(configuration, categoryCount: categoryCount)
    let shape = BatchShape(
      images: configuration.stage.images, slots: configuration.stage.slots,
      perImage: configuration.perImage, pairs: pairs)
    var objective = Objective(network: network, weights: configuration.weights, batch: shape)
    objective.lowRank = configuration.lora.map {
      LowRank(prefix: configuration.encoderPrefix, rank: $0)
    }
    objective.takesFeatures = configuration.takesFeatures
    if configuration.trainsSAM { objective.network.samShapes = start.mapValues(\.shape) }
    try self.init(
      configuration: configuration, network: objective.network, graph: objective.build(),
      start: start)
    // What the steps do not run stays as it is.
    for (name, tensor) in start {
      if configuration.takesFeatures && name.hasPrefix("image_encoder.") || name.hasPrefix("sam.") {
        kept[name] = tensor
      }
    }
    let c = network.configuration
    values["category_text"] = try TorchTensor(
      categoryText, shape: [categoryCount, c.aspects * c.textWidth])
  }

  /// Trains the image encoder without labels.
  convenience init(
    configuration: TrainingConfiguration, categoryCount: Int, pretraining: Pretraining.Method,
    start: Weights
  ) throws {
    let network = Self.network(configuration, categoryCount: categoryCount)
    let objective = PretrainingObjective(
      network: network, method: pretraining, images: configuration.stage.images)
    try self.init(
      configuration: configuration, network: network, graph: objective.build(), start: start)
  }

  private static func network(
    _ configuration: TrainingConfiguration, categoryCount: Int
  ) -> SegSAMNetwork {
    var sized = configuration.network
    sized.imageSize = configuration.stage.imageSize
    var network = SegSAMNetwork(configuration: sized, categoryCount: categoryCount)
    network.usesCategoryTokens = configuration.usesCategoryTokens
    return network
  }

  private init(
    configuration: TrainingConfiguration, network: SegSAMNetwork, graph: Graph, start: Weights
  ) throws {
    (self.configuration, self.network) = (configuration, network)
    executor = try GraphExecutor(graph)
    inputShapes = Dictionary(uniqueKeysWithValues: graph.inputs.map { ($0.name, $0.shape) })
    answersMasks = graph.outputs.contains { $0.name == "mask" }
    Torch.setThreads(configuration.threads)
    let fresh = Weights.initial(for: graph, seed: configuration.seed)
    var trained: [String] = []
    var tensors: [TorchTensor] = []
    var rules: [Optimizer.Rule] = []
    var mean: [String: [Float]] = [:]
    for node in graph.parameters {
      let known = start[node.name].flatMap { $0.shape == node.shape ? $0.values : nil }
      // Theirs are never made up.
      guard known != nil || !node.name.hasPrefix("sam.") || LowRank.holds(node.name) else {
        throw GraphError(
          node: node.name,
          reason: "the model to start from has no such weight of shape \(node.shape)")
      }
      let initial = known ?? fresh[node.name]!.values
      let isFrozen = configuration.freezes(node.name)
      let tensor = try TorchTensor(initial, shape: node.shape, requiresGradient: !isFrozen)
      values[node.name] = tensor
      mean[node.name] = initial
      guard !isFrozen else { continue }
      trained.append(node.name)
      tensors.append(tensor)
      rules.append(
        node.shape.count > 1 && node.name.hasSuffix(".weight")
          ? (configuration.muon ? .muon : .adamW) : .adam)
    }
    guard !trained.isEmpty else {
      throw GraphError(node: "parameters", reason: "all are frozen, so there is nothing to train")
    }
    self.trained = trained
    self.mean = mean
    optimizer = try Optimizer(tensors, rules: rules)
  }

  public var parameterCount: Int {
    executor.graph.parameters.reduce(0) { $0 + $1.shape.reduce(1, *) }
  }

  /// Linear warm-up, then a cosine.
  public func rate(at step: Int) -> Double {
    let stage = configuration.stage
    if step < stage.warmUp { return stage.rate * Double(step + 1) / Double(stage.warmUp) }
    let part =
      stage.seconds.map { min(1, seconds / $0) }
      ?? min(1, Double(step - stage.warmUp) / Double(max(1, stage.steps - stage.warmUp)))
    let low = stage.finalRate
    return stage.rate * (low + (1 - low) * 0.5 * (1 + cos(.pi * part)))
  }

  /// Whether the stage has had its steps or its time.
  public var isDone: Bool {
    let stage = configuration.stage
    return step >= stage.steps || stage.seconds.map { seconds >= $0 } ?? false
  }

  /// One step of the optimiser.
  public func train(_ batch: Batch) throws -> StepReport {
    var batch = batch
    // All counts from the first step on, validation too; what lies between two runs does not.
    last = last ?? Date()
    if configuration.correctEvery > 0, step % configuration.correctEvery == 0, answersMasks {
      let answers = try Torch.withoutGradients { try run(batch)["mask"]?.values() }
      batch.correct(after: answers ?? [], configuration: network.configuration)
    }
    let outputs = try run(batch)
    guard let loss = outputs["loss"] else {
      throw GraphError(node: "loss", reason: "the objective has no such output")
    }
    try loss.backward()
    let rate = rate(at: step)
    let norm = try optimizer.step(
      rate: rate, weightDecay: configuration.weightDecay, maxNorm: configuration.maxNorm)
    step += 1
    let now = Date()
    seconds += now.timeIntervalSince(last ?? now)
    last = now
    if step % Self.meanEvery == 0 { try updateMean() }
    var losses: [String: Float] = [:]
    for (name, value) in outputs where name != "mask" { losses[name] = try value.values().first }
    return StepReport(step: step, losses: losses, norm: norm, rate: rate)
  }

  private func run(_ batch: Batch) throws -> [String: TorchTensor] {
    var given = values
    for (name, shape) in inputShapes {
      if let floats = batch.floats[name] {
        given[name] = try TorchTensor(floats, shape: shape)
      } else if let packed = batch.packed[name] {
        given[name] = try TorchTensor(packed, shape: shape)
      } else if let integers = batch.integers[name] {
        given[name] = try TorchTensor(integers, shape: shape)
      }
    }
    if configuration.autocast { Torch.autocast(true) }
    defer { if configuration.autocast { Torch.autocast(false) } }
    return try executor.run(given)
  }

  private func updateMean() throws {
    // Young runs are averaged over less, so that the start is soon forgotten.
    let decay = min(configuration.emaDecay, Double(step + 1) / Double(step + 10))
    let keep = Float(pow(decay, Double(Self.meanEvery)))
    for name in trained {
      let now = try values[name]!.values()
      mean[name]!.withUnsafeMutableBufferPointer { m in
        for i in 0..<now.count { m[i] = m[i] * keep + now[i] * (1 - keep) }
      }
    }
  }

  /// The running mean of the weights; an adaptation is added into those that it adapts.
  public func meanWeights() -> Weights {
    var weights = kept
    for node in executor.graph.parameters where !LowRank.holds(node.name) {
      weights[node.name] = (node.shape, mean[node.name]!)
    }
    for (name, a) in mean where name.hasSuffix(".\(LowRank.parts.a)") {
      let layer = name.dropLast(LowRank.parts.a.count)
      guard let rank = configuration.lora, let b = mean["\(layer)\(LowRank.parts.b)"],
        var adapted = weights["\(layer)weight"]
      else { continue }
      let inner = a.count / rank
      for out in 0..<b.count / rank {
        for i in 0..<inner {
          for r in 0..<rank {
            adapted.values[out * inner + i] += b[out * rank + r] * a[i * rank + r]
          }
        }
      }
      weights["\(layer)weight"] = adapted
    }
    return weights
  }

  /// Everything that is needed to go on, as tensors: `weights.`, `mean.`, `m.`, `v.` and `state.step`.
  public func checkpoint() throws -> Weights {
    var all: Weights = [:]
    for node in executor.graph.parameters {
      all["weights.\(node.name)"] = (node.shape, try values[node.name]!.values())
      all["mean.\(node.name)"] = (node.shape, mean[node.name]!)
    }
    var steps = 0
    for (index, name) in trained.enumerated() {
      let state = try optimizer.state(index)
      let shape = values[name]!.shape
      all["m.\(name)"] = (shape, state.m)
      all["v.\(name)"] = (shape, state.v)
      steps = state.steps
    }
    var state = [Float(step), Float(steps)]
    if configuration.stage.seconds != nil { state.append(Float(seconds)) }
    all["state.step"] = ([state.count], state)
    return all
  }

  public func restore(_ all: Weights) throws {
    for node in executor.graph.parameters {
      guard let weights = all["weights.\(node.name)"], weights.shape == node.shape else {
        throw GraphError(node: node.name, reason: "the checkpoint is of another network")
      }
      let average = all["mean.\(node.name)"] ?? weights
      guard average.shape == node.shape else {
        throw GraphError(node: node.name, reason: "the checkpoint's mean has another shape")
      }
      try values[node.name]!.write(weights.values)
      mean[node.name] = average.values
    }
    let state = all["state.step"]?.values ?? [0, 0]
    guard (2...3).contains(state.count), state.allSatisfy({ (0..<1e9).contains($0) }) else {
      throw GraphError(node: "state.step", reason: "the checkpoint does not say its step")
    }
    step = Int(state[0])
    seconds = Double(state.dropFirst(2).first ?? 0)
    for (index, name) in trained.enumerated() {
      guard let m = all["m.\(name)"], let v = all["v.\(name)"] else { continue }
      try optimizer.restore(index, m: m.values, v: v.values, steps: Int(state[1]))
    }
  }
}
