public import NeuralGraph
public import SegSAM

/// The weights of the losses.
public struct LossWeights: Codable, Sendable, Hashable {
  /// Of a loss that is divided by the object's area; see docs/decisions.md.
  public var focal: Float = 0.3
  public var dice: Float = 2
  public var semanticCrossEntropy: Float = 1
  public var semanticDice: Float = 1
  public var classes: Float = 1
  public var consistency: Float = 1
  public var iou: Float = 1
  public var presence: Float = 1
  public var naming: Float = 0.2
  public var candidates: Float = 0.5
  /// Focal and Dice loss of what descriptions draw by themselves, as shares of `focal` and `dice`.
  public var drawn: Float = 0.5
  public init() {}
}

/// How many of everything one step holds; shapes are static.
public struct BatchShape: Codable, Sendable, Hashable {
  /// Images, query slots, and queries of one image at most.
  public var images: Int, slots: Int, perImage: Int
  /// K: labels of one image that its categories' descriptions draw by themselves, at most.
  public var drawn = 14
  /// Labels that cover several categories at once (composites), as pairs of category indices.
  public var pairs: [[Int]]
  public init(images: Int, slots: Int, perImage: Int, pairs: [[Int]]) {
    self.images = images
    self.slots = slots
    self.perImage = perImage
    self.pairs = pairs
  }
}

/// SEG-SAM's losses (arXiv 2412.12660, section 3.4) as part of the graph.
///
/// Supervision is given to *targets*: a target is the union of one or two slots, two where the label
/// is a composite's (both kidneys). What is not annotated has weight 0.
public struct Objective {
  public var network: SegSAMNetwork
  public var weights: LossWeights
  public var batch: BatchShape
  /// Layers that are adapted instead of trained.
  public var lowRank: LowRank?
  /// Takes the images' features instead of images: what `ImageFeatures.inputs` names, and where slices look
  /// at each other `around [B,4,T,width]` and `in_volume [B,1,1]`.
  public var takesFeatures = false

  public init(network: SegSAMNetwork, weights: LossWeights, batch: BatchShape) {
    self.network = network
    self.weights = weights
    self.batch = batch
  }

  /// Builds network and losses. Outputs: `loss` and its parts, all scalars, and M_b's logits of every
  /// slot, `mask [N,S/2,S/2]`.
  ///
  /// Inputs, with B images, N slots (as many targets), Q per image, C categories, K pairs:
  /// `image [B,channels,S,S]` (and `foreign` where there is a `ForeignEncoder`), `owner [N]`, `places [N,P,2]`, `kinds [N,P,5]`, `text [N,A,W]`,
  /// `has_text [N,1]`, `category_text [C,A·W]`; `first`, `second [N]` (the slots of each target),
  /// `pair [N]` (1 where they differ); `target [N,S/2,S/2]` in [0, 1]; `valid`, `present [N]`;
  /// `members [B,Q]` (targets of each image, N for none), `semantic_target [B,Q+1,S/2,S/2]`
  /// (one-hot with background first, all zero where unknown), `class_target`, `class_known [B,C+K]`;
  /// `name_target [N,C]` one-hot, `name_known [N]`; `ambiguous`, `pseudo [N]`; `drawn_category [B,K]`,
  /// `drawn_target [B·K,S/2,S/2]` in [0, 1], `drawn_known`, `drawn_present [B·K]`.
  public func build() throws(GraphError) -> Graph {
    if network.configuration.isUNet { return try buildUNet() }
    let builder = GraphBuilder()
    builder.lowRank = lowRank
    let s = builder.root
    let c = network.configuration
    let (b, n) = (batch.images, batch.slots)
    var features =
      takesFeatures
      ? try ImageFeatures.inputs(of: builder, c, images: b)
      : try network.encodeInputs(of: builder, images: b)
    if takesFeatures, c.sliceAttention != nil {
      let count = c.grid * c.grid
      features.tokens = try network.look(
        s, features.tokens,
        around: builder.input("around", [b, CrossSliceAttention.count, count, c.width]),
        inVolume: builder.input("in_volume", [b, 1, 1]))
    }
    let owner = try builder.input("owner", [n], type: .int64)
    let queries = SegSAMNetwork.QueryInputs(
      places: try builder.input("places", [n, c.points, 2]),
      kinds: try builder.input("kinds", [n, c.points, PointKind.allCases.count]),
      text: try builder.input("text", [n, c.aspects, c.textWidth]),
      hasText: try builder.input("has_text", [n, 1]))
    let categoryText = try builder.input(
      "category_text", [network.categoryCount, c.aspects * c.textWidth])
    let drawn = try builder.input("drawn_category", [b, batch.drawn], type: .int64)
    let out = try network.whole(
      s, features: features, owner: owner, queries: queries, categoryText: categoryText,
      drawn: drawn)
    try addLosses(to: builder, out)
    try builder.output("mask", out.answers.mask)
    return builder.graph
  }

  /// The losses of what the network says, with the inputs that they need.
  func addLosses(to builder: GraphBuilder, _ out: SegSAMNetwork.Outputs) throws(GraphError) {
    let c = network.configuration
    let (b, n, q) = (batch.images, batch.slots, batch.perImage)
    let (count, side) = (network.categoryCount, c.imageSize / 2)
    let l = builder.root["loss"]
    let answers = out.answers
    let first = try builder.input("first", [n], type: .int64)
    let second = try builder.input("second", [n], type: .int64)
    let pair = try builder.input("pair", [n])
    let target = try builder.input("target", [n, side, side])
    let valid = try builder.input("valid", [n])
    let present = try builder.input("present", [n])
    let there = try l(.multiply, valid, present)
    // A region without a name teaches masks, but not M_s, nor how good a mask of an object is.
    let pseudo = try builder.input("pseudo", [n])
    let named = try l(.multiply, there, l(.affine(factor: -1, offset: 1), pseudo))
    func union(_ x: Tensor) throws(GraphError) -> Tensor {
      try l(.maximum, l(.gather(axis: 0), x, first), l(.gather(axis: 0), x, second))
    }

    // L_bin on M_b.
    let mask = try union(answers.mask)
    let focal = try average(l, focalLoss(l, mask, target), valid)
    let probability = try l(.sigmoid, mask)
    let dice = try average(l, diceLoss(l, probability, target), there)

    // What a slot says is compared with its target's truth: targets and slots are counted apart.
    func spoken(_ x: Tensor) throws(GraphError) -> Tensor { try l(.gather(axis: 0), x, first) }

    // The predicted IoU of the mask that it belongs to. A slot of a pair has no target of its own.
    let iou0 = try l(.reshape([n]), l(.slice(axis: 1, start: 0, end: 1), answers.iou))
    let alone = try l(.multiply, named, l(.affine(factor: -1, offset: 1), pair))
    let reached = try softIoU(l, probability, target)
    let errorOfOne = try average(
      l, l(.power(2), l(.subtract, spoken(iou0), l(.stopGradient, reached))), alone)

    // Three candidates for ambiguous prompts: the best of them learns.
    let ambiguous = try builder.input("ambiguous", [n])
    let small = c.imageSize / 4
    let target4 = try l(.averagePool(size: 2), l(.reshape([n, 1, side, side]), target))
    let three = try spoken(l(.slice(axis: 1, start: 1, end: 4), answers.candidates))
    let spread = try l(.broadcast([n, 3, small, small]), target4)
    let flatThree = try l(.reshape([n * 3, small, small]), three)
    let flatSpread = try l(.reshape([n * 3, small, small]), spread)
    let each = try l(
      .add, l(.affine(factor: weights.focal, offset: 0), focalLoss(l, flatThree, flatSpread)),
      diceLoss(l, l(.sigmoid, flatThree), flatSpread))
    let negative = try l(.affine(factor: -1, offset: 0), l(.reshape([n, 3]), each))
    let best = try l(
      .affine(factor: -1, offset: 0), l(.reduceMaximum(axes: [1], keep: false), negative))
    let guess = try l(.multiply, ambiguous, there)
    let threeIoU = try l(
      .stopGradient, l(.reshape([n, 3]), softIoU(l, l(.sigmoid, flatThree), flatSpread)))
    let saidIoU = try spoken(l(.slice(axis: 1, start: 1, end: 4), answers.iou))
    let errorOfThree = try average(
      l, l(.mean(axes: [1], keep: false), l(.power(2), l(.subtract, saidIoU, threeIoU))),
      l(.multiply, ambiguous, named))
    let iou = try l(.add, errorOfOne, errorOfThree)
    let candidates = try average(l, best, guess)

    // L_sem on M_s: a softmax over background and an image's targets.
    let a = try l(.gather(axis: 0), answers.semantic, first)
    let z = try l(.gather(axis: 0), answers.semantic, second)
    let gap = try l(.softplus, l(.affine(factor: -1, offset: 0), l(.absolute, l(.subtract, a, z))))
    let joined = try l(
      .add, l(.maximum, a, z), l(.multiply, gap, l(.reshape([n, 1, 1]), pair)))
    let none = try l.constant([Float](repeating: -30, count: side * side), [1, side, side])
    let members = try builder.input("members", [b, q], type: .int64)
    let grouped = try l(.gather(axis: 0), l(.concatenate(axis: 0), joined, none), members)
    let background = try l.constant(
      [Float](repeating: 0, count: b * side * side), [b, 1, side, side])
    let logits = try l(.concatenate(axis: 1), background, grouped)  // [B, Q + 1, h, w]
    let semanticTarget = try builder.input("semantic_target", [b, q + 1, side, side])
    let chances = try l(.softmax(axis: 1), logits)
    let right = try l(.sum(axes: [1], keep: false), l(.multiply, chances, semanticTarget))
    let known = try l(.sum(axes: [1], keep: false), semanticTarget)
    // A pixel counts by one over the root of its owner's area: else small objects are drowned.
    let areas = try l(.sum(axes: [2, 3], keep: true), semanticTarget)
    let shares = try l(
      .power(-0.5), l(.affine(factor: 1, offset: Float(side * side) / 128), areas))
    let counted = try l(
      .sum(axes: [1], keep: false), l(.multiply, semanticTarget, shares))
    let surprise = try l(
      .multiply, counted,
      l(.affine(factor: -1, offset: 0), l(.logarithm, l(.affine(factor: 1, offset: 1e-6), right))))
    let crossEntropy = try l(
      .divide, l(.sum(axes: [0, 1, 2], keep: false), surprise),
      l(.affine(factor: 1, offset: 1), l(.sum(axes: [0, 1, 2], keep: false), counted)))
    // Where nothing is known no chance counts, for or against.
    let countable = try l(.multiply, chances, l(.reshape([b, 1, side, side]), known))
    let mine = try l(
      .reshape([b * q, side, side]), l(.slice(axis: 1, start: 1, end: q + 1), countable))
    let theirs = try l(
      .reshape([b * q, side, side]), l(.slice(axis: 1, start: 1, end: q + 1), semanticTarget))
    let shown = try l(.reduceMaximum(axes: [1, 2], keep: false), theirs)
    let semanticDice = try average(l, diceLoss(l, mine, theirs), shown)

    // L_cons: the two masks of an object shall agree.
    let agree = try softIoU(l, l(.sigmoid, joined), probability)
    let consistency = try average(l, l(.affine(factor: -1, offset: 1), agree), named)

    let drawn = try drawnLoss(builder, out.drawn)

    // L_bce on C_s; a composite's label supervises the likelier of its parts.
    var classes = out.classes
    if !batch.pairs.isEmpty {
      var columns = [classes]
      for pair in batch.pairs {
        let parts = try pair.map { index throws(GraphError) in
          try l(.slice(axis: 1, start: index, end: index + 1), out.classes)
        }
        columns.append(try l(.maximum, parts[0], parts[1]))
      }
      classes = try builder.graph.append(.concatenate(axis: 1), columns, in: "loss")
    }
    let classTarget = try builder.input("class_target", [b, count + batch.pairs.count])
    let classKnown = try builder.input("class_known", [b, count + batch.pairs.count])
    let classLoss = try average(l, binaryCrossEntropy(l, classes, classTarget), classKnown)

    let presence = try average(
      l, binaryCrossEntropy(l, union(answers.presence), present), valid)
    let nameTarget = try builder.input("name_target", [n, count])
    let nameKnown = try builder.input("name_known", [n])
    let names = try l(.softmax(axis: 1), spoken(answers.naming))
    let rightName = try l(.sum(axes: [1], keep: false), l(.multiply, names, nameTarget))
    let naming = try average(
      l,
      l(
        .affine(factor: -1, offset: 0),
        l(.logarithm, l(.affine(factor: 1, offset: 1e-6), rightName))),
      nameKnown)

    let parts: [(String, Tensor, Float)] = [
      ("focal", focal, weights.focal), ("dice", dice, weights.dice),
      ("semantic_ce", crossEntropy, weights.semanticCrossEntropy),
      ("semantic_dice", semanticDice, weights.semanticDice),
      ("classes", classLoss, weights.classes), ("consistency", consistency, weights.consistency),
      ("iou", iou, weights.iou), ("presence", presence, weights.presence),
      ("naming", naming, weights.naming), ("candidates", candidates, weights.candidates),
      ("drawn", drawn, weights.drawn),
    ]
    var total: Tensor?
    for (name, value, weight) in parts {
      try builder.output(name, value)
      let weighted = try l(.affine(factor: weight, offset: 0), value)
      if let sum = total { total = try l(.add, sum, weighted) } else { total = weighted }
    }
    if let total { try builder.output("loss", total) }
  }

  /// Focal and Dice loss of what is drawn for all of an image's labels at once, `[B, K, S/2, S/2]`.
  private func drawnLoss(
    _ builder: GraphBuilder, _ drawn: Tensor
  ) throws(GraphError) -> Tensor {
    let l = builder.root["loss"]
    let (labels, side) = (batch.images * batch.drawn, drawn.extent(2))
    let target = try builder.input("drawn_target", [labels, side, side])
    let known = try builder.input("drawn_known", [labels])
    let present = try builder.input("drawn_present", [labels])
    let sketch = try l(.reshape([labels, side, side]), drawn)
    let focal = try average(l, focalLoss(l, sketch, target), known)
    let dice = try average(l, diceLoss(l, l(.sigmoid, sketch), target), present)
    return try l(
      .add, l(.affine(factor: weights.focal, offset: 0), focal),
      l(.affine(factor: weights.dice, offset: 0), dice))
  }

  /// The plain U-Net's: of all that SEG-SAM is told, what is drawn. Outputs `loss` and `drawn`.
  private func buildUNet() throws(GraphError) -> Graph {
    let builder = GraphBuilder()
    let c = network.configuration
    let image = try builder.input("image", [batch.images, c.channels, c.imageSize, c.imageSize])
    let which = try builder.input("drawn_category", [batch.images, batch.drawn], type: .int64)
    let unet = UNet(configuration: c, categoryCount: network.categoryCount)
    let loss = try drawnLoss(builder, unet.draw(builder.root["unet"], image: image, which: which))
    try builder.output("drawn", loss)
    try builder.output("loss", builder.root(.affine(factor: 1, offset: 0), loss))
    return builder.graph
  }

  /// The names of the parts of the loss, in the order of the log.
  public static let parts = [
    "focal", "dice", "semantic_ce", "semantic_dice", "classes", "consistency", "iou", "presence",
    "naming", "candidates", "drawn",
  ]
}
