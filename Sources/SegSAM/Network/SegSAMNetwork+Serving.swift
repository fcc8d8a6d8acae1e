public import NeuralGraph

/// The graphs that serve: one run an image, one run a query.
extension SegSAMNetwork {
  /// `image [N, channels, S, S]`, and `foreign` where there is a `ForeignEncoder`, to `tokens`, `stride8`, `stride4`, `stride2` (see `ImageEncoder`), the
  /// logits `classes [N, C]` of C_s and `context [N, width]` for the SO-tokens.
  ///
  /// - Parameter categoryText: `[C, aspects · textWidth]`, fixed in the graph.
  public func imageGraph(
    categoryText: [Float], images n: Int = 1
  ) throws(GraphError) -> Graph {
    let builder = GraphBuilder()
    let features = try encodeInputs(of: builder, images: n)
    try features.output(of: builder)
    try classify(builder, features.tokens, categoryText: categoryText)
    return builder.graph
  }

  /// `alone [N, T, width]` and `around [N, 4, T, width]`, the tokens of `imageGraph`, to the `tokens`,
  /// `classes` and `context` of slices that have looked at those around them.
  public func sliceGraph(
    categoryText: [Float], images n: Int = 1
  ) throws(GraphError) -> Graph {
    let builder = GraphBuilder()
    let c = configuration
    let count = c.grid * c.grid
    let tokens = try look(
      builder.root, builder.input("alone", [n, count, c.width]),
      around: builder.input("around", [n, CrossSliceAttention.count, count, c.width]))
    try builder.output("tokens", tokens)
    try classify(builder, tokens, categoryText: categoryText)
    return builder.graph
  }

  /// Outputs `classes` and `context`.
  private func classify(
    _ builder: GraphBuilder, _ tokens: Tensor, categoryText: [Float]
  ) throws(GraphError) {
    let s = builder.root
    let c = configuration
    let text = try s.constant(categoryText, [categoryCount, c.aspects * c.textWidth])
    let classes = try SemanticAwareDecoder(configuration: c).classify(
      s["semantic_aware"], categories: categories(s, text), image: tokens, positions: positions(s))
    try builder.output("classes", classes.logits)
    try builder.output("context", classes.context)
  }

  /// `image [N, channels, S, S]` to the features alone: for training with an encoder that stays as it is.
  public func featureGraph(images n: Int) throws(GraphError) -> Graph {
    let builder = GraphBuilder()
    try encodeInputs(of: builder, images: n).output(of: builder)
    return builder.graph
  }

  /// `places [1, P, 2]` and `kinds [1, P, 5]` to what the decoders take of them, see `Places`: apart
  /// from the decoders, as in bfloat16 positions are off by up to a tenth.
  public func promptGraph() throws(GraphError) -> Graph {
    let builder = GraphBuilder()
    let c = configuration
    let encoded = try places(
      builder.root, places: builder.input("places", [1, c.points, 2]),
      kinds: builder.input("kinds", [1, c.points, PointKind.allCases.count]))
    try encoded.output(of: builder)
    return builder.graph
  }

  /// N queries, each on an image of its own: inputs as `imageGraph` and `promptGraph` give them, with
  /// `text [N, aspects, textWidth]`, `has_text [N, 1]`, and with Segment Anything's decoder the `embedding` of
  /// `SAMNetwork.innerGraph`; outputs `mask`, `candidates`, `iou`, `semantic`, `presence`, `naming` as in
  /// `Answers`.
  ///
  /// Nothing in it joins queries: an answer cannot depend on what else is in the batch.
  public func queryGraph(
    categoryText: [Float], queries n: Int = 1
  ) throws(GraphError) -> Graph {
    let builder = GraphBuilder()
    let s = builder.root
    let c = configuration
    let features = try ImageFeatures.inputs(of: builder, c, images: n)
    let context = try builder.input("context", [n, c.width])
    let places = try Places.inputs(of: builder, c, queries: n)
    let text = try builder.input("text", [n, c.aspects, c.textWidth])
    let hasText = try builder.input("has_text", [n, 1])
    let known = try s.constant(categoryText, [categoryCount, c.aspects * c.textWidth])
    let out = try decode(
      s, features: features, context: context, places: places, text: text, hasText: hasText,
      categories: categories(s, known), positions: positions(s))
    try builder.output("mask", out.mask)
    try builder.output("candidates", out.candidates)
    try builder.output("iou", out.iou)
    try builder.output("semantic", out.semantic)
    try builder.output("presence", out.presence)
    try builder.output("naming", out.naming)
    return builder.graph
  }
}
