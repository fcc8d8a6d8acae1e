public import NeuralGraph

/// SEG-SAM, put together: the same functions build the graph that is trained and those that serve.
public struct SegSAMNetwork: Sendable {
  public var configuration: NetworkConfiguration
  /// How many categories have a CO-token.
  public var categoryCount: Int
  /// Whether CO-tokens tell the queries what else is there; without: for ablation only.
  public var usesCategoryTokens = true
  /// Whether Segment Anything's image encoder is a part of the graphs, to be trained, instead of the input
  /// `foreign`. Its weights' shapes by name, which say more than its sizes (`SAMNetwork.tables`); nil: it is not.
  public var samShapes: [String: [Int]]?

  public init(configuration: NetworkConfiguration, categoryCount: Int) {
    self.configuration = configuration
    self.categoryCount = categoryCount
  }

  /// What the network answers N queries.
  public struct Answers {
    /// M_b's logits, `[N, S/2, S/2]`.
    public var mask: Tensor
    /// Logits of all four masks at stride 4, `[N, 4, S/4, S/4]`, and their predicted IoU, `[N, 4]`.
    public var candidates: Tensor, iou: Tensor
    /// M_s's logits against background at 0, `[N, S/2, S/2]`.
    public var semantic: Tensor
    /// Logits of presence, `[N]`.
    public var presence: Tensor
    /// Logits of the class that each query's object is taken for, `[N, C]`.
    public var naming: Tensor
  }

  /// Everything that the network says of B images and N queries.
  public struct Outputs {
    public var answers: Answers
    /// Logits of C_s, `[B, C]`.
    public var classes: Tensor
    /// What the descriptions of K categories of each image draw by themselves: logits,
    /// `[B, K, S/2, S/2]`. For training: it costs little, so that an image teaches all its labels.
    public var drawn: Tensor
  }

  /// One query's inputs; N of them.
  public struct QueryInputs {
    /// `[N, P, 2]` and `[N, P, 5]`.
    public var places: Tensor, kinds: Tensor
    /// `[N, aspects, textWidth]` and `[N, 1]`.
    public var text: Tensor, hasText: Tensor
    public init(places: Tensor, kinds: Tensor, text: Tensor, hasText: Tensor) {
      self.places = places
      self.kinds = kinds
      self.text = text
      self.hasText = hasText
    }
  }

  /// The whole network on the features of B images and N queries.
  ///
  /// - Parameters:
  ///   - features: of `encode`.
  ///   - owner: int64 `[N]`: the image of each query.
  ///   - categoryText: `[C, aspects · textWidth]`.
  ///   - drawn: int64 `[B, K]`: the categories of `Outputs.drawn`.
  public func whole(
    _ s: Scope, features: ImageFeatures, owner: Tensor, queries: QueryInputs,
    categoryText: Tensor, drawn: Tensor
  ) throws(GraphError) -> Outputs {
    let positions = try positions(s)
    let categories = try categories(s, categoryText)
    let classes = try SemanticAwareDecoder(configuration: configuration).classify(
      s["semantic_aware"], categories: categories, image: features.tokens, positions: positions)
    func own(_ x: Tensor) throws(GraphError) -> Tensor { try s(.gather(axis: 0), x, owner) }
    let theirs = ImageFeatures(
      tokens: try own(features.tokens), stride8: try features.stride8.map(own),
      stride4: try own(features.stride4), stride2: try own(features.stride2),
      embedding: try features.embedding.map(own))
    let context =
      usesCategoryTokens
      ? try own(classes.context)
      : try s(.affine(factor: 0, offset: 0), own(classes.context))
    let answers = try decode(
      s, features: theirs, context: context,
      places: places(s, places: queries.places, kinds: queries.kinds), text: queries.text,
      hasText: queries.hasText, categories: categories, positions: positions)
    return Outputs(
      answers: answers, classes: classes.logits,
      drawn: try draw(s, drawn, features: features, categoryText: categoryText))
  }

  /// The description's own part of M_s, which needs no decoder.
  private func draw(
    _ s: Scope, _ which: Tensor, features: ImageFeatures, categoryText: Tensor
  ) throws(GraphError) -> Tensor {
    let c = configuration
    let text = try s(.reshape([categoryCount, c.aspects, c.textWidth]), categoryText)
    let summaries = try T2VSE(configuration: c).read(s["t2vse"], text).summary
    return try SemanticAwareDecoder(configuration: c).draw(
      s["semantic_aware"], text: s(.gather(axis: 0), summaries, which), features: features)
  }

  /// The image encoder on B images `[B, channels, S, S]`.
  ///
  /// - Parameter foreign: of B images, where the network has a `ForeignEncoder`: `ForeignModel.tokens`.
  public func encode(
    _ s: Scope, _ image: Tensor, foreign: Tensor? = nil
  ) throws(GraphError) -> ImageFeatures {
    let encoder = ImageEncoder(configuration: configuration)
    var features = try encoder(s["image_encoder"], image, foreign: foreign)
    if configuration.sam != nil { features.embedding = foreign }
    return features
  }

  /// The inputs `image` and, with a `ForeignEncoder` that is not part of the graph, `foreign`, encoded.
  public func encodeInputs(
    of builder: GraphBuilder, images n: Int
  ) throws(GraphError) -> ImageFeatures {
    let c = configuration
    let image = try builder.input("image", [n, c.channels, c.imageSize, c.imageSize])
    var foreign: Tensor?
    if let sam = c.sam, let samShapes {
      foreign = try SAMNetwork(configuration: sam, shapes: samShapes).tokens(
        builder.root["sam"], ofPicture: image)
    } else if let encoder = c.foreign {
      foreign = try builder.input("foreign", [n, encoder.grid * encoder.grid, encoder.channels])
    }
    return try encode(builder.root, image, foreign: foreign)
  }

  /// f_v after each slice has looked at those around it; see `CrossSliceAttention`.
  ///
  /// - Parameter inVolume: `[N, 1, 1]`, 0 for images that have none around them and stay as they are; nil: all
  ///   have.
  public func look(
    _ s: Scope, _ tokens: Tensor, around: Tensor, inVolume: Tensor? = nil
  ) throws(GraphError) -> Tensor {
    var seen = try CrossSliceAttention(configuration: configuration)(
      s["cross_slice"], tokens: tokens, around: around, positions: positions(s))
    if let inVolume { seen = try s(.multiply, seen, inVolume) }
    return try s(.add, tokens, seen)
  }

  func positions(_ s: Scope) throws(GraphError) -> Tensor {
    try FourierPositions(configuration: configuration).grid(s["prompt_encoder.positions"])
  }

  func places(
    _ s: Scope, places: Tensor, kinds: Tensor
  ) throws(GraphError) -> Places {
    var encoded = try PromptEncoder(configuration: configuration)(
      s["prompt_encoder"], places: places, kinds: kinds)
    if let sam = configuration.sam {
      encoded.sam = try SAMAgnosticDecoder(configuration: configuration, sam: sam).places(
        s["sam"], places: places, kinds: kinds)
    }
    return encoded
  }

  func categories(_ s: Scope, _ text: Tensor) throws(GraphError) -> Tensor {
    try SemanticAwareDecoder(configuration: configuration).categories(
      s["semantic_aware"], text: text)
  }

  func decode(
    _ s: Scope, features: ImageFeatures, context: Tensor, places: Places, text: Tensor,
    hasText: Tensor, categories: Tensor, positions: Tensor
  ) throws(GraphError) -> Answers {
    let c = configuration
    let n = text.extent(0)
    let enhanced = try T2VSE(configuration: c)(
      s["t2vse"], text: text, hasText: hasText, image: features.tokens, positions: positions,
      sparse: places.sparse)
    // SAM adds what is drawn for it to the image, before the decoders look at it.
    var image = features.tokens
    if let dense = places.dense { image = try s(.add, image, dense) }
    let agnostic: SemanticAgnosticDecoder.Result
    if let sam = c.sam, let embedding = features.embedding, let theirs = places.sam {
      agnostic = try SAMAgnosticDecoder(configuration: c, sam: sam)(
        s, told: s(.slice(axis: 1, start: 0, end: 1), enhanced.prompt), hasText: hasText,
        embedding: embedding, places: theirs)
    } else {
      agnostic = try SemanticAgnosticDecoder(configuration: c)(
        s["semantic_agnostic"], prompt: enhanced.prompt, text: enhanced.text, image: image,
        features: features, maps: places.maps, positions: positions)
    }
    let aware = try SemanticAwareDecoder(configuration: c)(
      s["semantic_aware"], prompt: enhanced.prompt, text: enhanced.text, context: context,
      image: image, features: features, maps: places.maps, positions: positions)
    var mask = agnostic.mask
    if c.drawsBinary == true {
      let side = c.imageSize / 2
      let drawn = try SemanticAwareDecoder(configuration: c).draw(
        s["semantic_aware"], text: s(.reshape([n, 1, c.width]), enhanced.text),
        features: features)
      mask = try s(.add, mask, s(.reshape([n, side, side]), drawn))
    }
    let compared = try s(
      .affine(factor: 1 / Float(c.width).squareRoot(), offset: 0),
      s(.matmul(transposeB: true), aware.embedding, categories))
    let naming = try s(.reshape([n, categories.extent(0)]), compared)
    return Answers(
      mask: mask, candidates: agnostic.candidates, iou: agnostic.iou,
      semantic: aware.mask, presence: aware.presence, naming: naming)
  }
}
