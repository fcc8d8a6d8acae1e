public import NeuralGraph

/// Segment Anything's network (arXiv 2304.02643) under the names of its own checkpoints.
public struct SAMNetwork: Sendable {
  public var configuration: SAMConfiguration
  /// Relative positions whose tables are not `2 · size − 1` long, as in checkpoints that were trained at
  /// another image size: by the parameter's name, the length.
  var tables: [String: Int] = [:]

  /// Places of a prompt: a box's two corners and clicks. Unused ones are not seen by the others.
  public static let places = 16

  public init(configuration: SAMConfiguration) { self.configuration = configuration }

  /// - Parameter shapes: of the weights that the network is to be run with, by name.
  public init(configuration: SAMConfiguration, shapes: [String: [Int]]) {
    self.configuration = configuration
    tables = shapes.filter { $0.key.contains(".rel_pos_") }.compactMapValues(\.first)
  }

  /// `image [N, 3, S, S]`, normalised, to `embedding [N, promptWidth, grid, grid]`.
  public func imageGraph(images n: Int = 1) throws(GraphError) -> Graph {
    let builder = GraphBuilder()
    let c = configuration
    let image = try builder.input("image", [n, 3, c.imageSize, c.imageSize])
    try builder.output("embedding", embed(builder.root, image))
    return builder.graph
  }

  /// Within a network of ours, the weights' names beginning with `sam.`: `pixels [1, 3, S, S]`, normalised, to
  /// `embedding [1, grid², promptWidth]`, which `SegSAMNetwork.imageGraph` takes as `foreign`.
  public func innerGraph() throws(GraphError) -> Graph {
    let builder = GraphBuilder()
    let side = configuration.imageSize
    let plane = try embed(builder.root["sam"], builder.input("pixels", [1, 3, side, side]))
    try builder.output("embedding", SegSAM.tokens(builder.root, plane))
    return builder.graph
  }

  /// The embedding of our pictures `[N, channels, S, S]` (`NetworkInput`), of their first three channels and in
  /// the encoder's own size and colours, as tokens `[N, grid², promptWidth]`.
  func tokens(_ s: Scope, ofPicture image: Tensor) throws(GraphError) -> Tensor {
    let c = configuration
    let encoder = ForeignEncoder(c)
    var x = try s(.slice(axis: 1, start: 0, end: 3), image)
    x = try s(.resizeBilinear(height: c.imageSize, width: c.imageSize), x)
    func colours(_ values: [Float]) throws(GraphError) -> Tensor {
      try s.constant(values, [1, 3, 1, 1])
    }
    let (factors, offsets) = (encoder.factors, encoder.offsets)
    x = try s(.add, s(.multiply, x, colours(factors)), colours(offsets))
    return try SegSAM.tokens(s, embed(s, x))
  }

  /// `[N, 3, side, side]` in the encoder's own size and colours to `[N, promptWidth, grid, grid]`.
  func embed(_ s: Scope, _ pixels: Tensor) throws(GraphError) -> Tensor {
    try SAMImageEncoder(configuration: configuration, tables: tables)(s["image_encoder"], pixels)
  }

  /// `places [N, P, 2]`, x and y as fractions of the square, and `kinds [N, P, 5]`, one-hot over
  /// `PointKind`, to `sparse [N, P, promptWidth]`: apart from the decoder, as in bfloat16 positions are
  /// off by up to a tenth.
  public func promptGraph(queries n: Int = 1) throws(GraphError) -> Graph {
    let builder = GraphBuilder()
    let sparse = try SAMPromptEncoder(configuration: configuration).sparse(
      builder.root["prompt_encoder"], places: builder.input("places", [n, Self.places, 2]),
      kinds: builder.input("kinds", [n, Self.places, PointKind.allCases.count]))
    try builder.output("sparse", sparse)
    return builder.graph
  }

  /// N queries, each on an image of its own: `embedding` of `imageGraph`, `sparse` of `promptGraph`,
  /// `used [N, P]`, 1 where a place of the prompt counts and 0 elsewhere, and `mask [N, 1, 4 · grid, 4 · grid]`,
  /// the logits of a mask prompt, where `withMask`.
  ///
  /// Gives `masks [N, 1 + candidates, 4 · grid, 4 · grid]`, logits over the square, the one for
  /// unambiguous prompts first, and `scores [N, 1 + candidates]`, their predicted IoU.
  public func decoderGraph(
    queries n: Int = 1, withMask: Bool = false
  ) throws(GraphError) -> Graph {
    let builder = GraphBuilder()
    let s = builder.root
    let c = configuration
    let prompt = SAMPromptEncoder(configuration: c)
    let embedding = try builder.input("embedding", [n, c.promptWidth, c.grid, c.grid])
    let sparse = try builder.input("sparse", [n, Self.places, c.promptWidth])
    let used = try builder.input("used", [n, Self.places])
    var mask: Tensor?
    if withMask { mask = try builder.input("mask", [n, 1, c.maskSide, c.maskSide]) }
    let dense = try prompt.dense(s["prompt_encoder"], mask)
    let (masks, scores) = try SAMMaskDecoder(configuration: c)(
      s["mask_decoder"], image: s(.add, embedding, dense),
      positions: prompt.grid(s["prompt_encoder"]), sparse: sparse, used: used)
    try builder.output("masks", masks)
    try builder.output("scores", scores)
    return builder.graph
  }
}
