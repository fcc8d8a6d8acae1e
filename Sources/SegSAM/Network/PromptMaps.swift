import NeuralGraph

/// What the prompt encoder makes of boxes and clicks.
struct Places {
  /// t_p, `[N, P, width]`.
  var sparse: Tensor
  /// What is added to the image's tokens, `[N, grid², width]`, and the box and clicks as they lie in
  /// the image, `[N, 4, S/4, S/4]`; nil in models without.
  var dense: Tensor?, maps: Tensor?
  /// For Segment Anything's decoder, `[N, P, its width]`, and which of them it sees, `[N, P]`; nil in
  /// networks without it.
  var sam: (sparse: Tensor, used: Tensor)?

  /// Inputs of a graph for N queries: `sparse`; `dense` and `maps`, `sam_sparse` and `sam_used` where the
  /// model has them.
  static func inputs(
    of builder: GraphBuilder, _ c: NetworkConfiguration, queries n: Int
  ) throws(GraphError) -> Places {
    var places = Places(sparse: try builder.input("sparse", [n, c.points, c.width]))
    if let sam = c.sam {
      places.sam = (
        try builder.input("sam_sparse", [n, c.points, sam.promptWidth]),
        try builder.input("sam_used", [n, c.points])
      )
    }
    guard c.mapsPlaces == true else { return places }
    places.dense = try builder.input("dense", [n, c.grid * c.grid, c.width])
    let side = c.imageSize / 4
    places.maps = try builder.input("maps", [n, PromptMaps.count, side, side])
    return places
  }

  /// Outputs of a graph, under the names of `inputs`.
  func output(of builder: GraphBuilder) throws(GraphError) {
    try builder.output("sparse", sparse)
    if let dense { try builder.output("dense", dense) }
    if let maps { try builder.output("maps", maps) }
    if let sam {
      try builder.output("sam_sparse", sam.sparse)
      try builder.output("sam_used", sam.used)
    }
  }
}

/// A box and clicks as maps at stride 4, besides their tokens.
///
/// SAM's prompt encoder adds a mask to the image's embedding and leaves boxes and clicks to attention
/// over Fourier positions (arXiv 2304.02643, section 3). Attention learns positions from many more
/// images than there are here; on a map a box is where it is from the first step on.
struct PromptMaps {
  var configuration: NetworkConfiguration

  /// The box's inside; positive clicks; negative clicks; the box's outside, where there is a box.
  static let count = 4
  /// What each says of an object's logit before anything is trained.
  static let prior: [Float] = [1, 2, -4, -4]
  /// Of `logit`'s weights: a step of the optimiser moves a small layer by little, and outside a box a
  /// logit has to fall by several.
  static let gain: Float = 16
  /// How far a click reaches, in pixels of the maps: a tent of this half-width each way.
  static let reach: Float = 2

  /// - Parameters:
  ///   - places: `[N, P, 2]`, x and y as fractions of the padded square.
  ///   - kinds: `[N, P, 5]`, one-hot over `PointKind`. One box at most.
  /// - Returns: `[N, 4, S/4, S/4]`, each in [0, 1] but where clicks lie close together.
  func callAsFunction(
    _ s: Scope, places: Tensor, kinds: Tensor
  ) throws(GraphError) -> Tensor {
    let (n, p) = (places.extent(0), places.extent(1))
    let side = configuration.imageSize / 4
    // Of kind k: 1 at the points that are of it, `[N, P, 1]`.
    func of(_ kind: PointKind) throws(GraphError) -> Tensor {
      try s(.slice(axis: 2, start: kind.rawValue, end: kind.rawValue + 1), kinds)
    }
    // Pixel centres, in pixels.
    let centres = try s.constant((0..<side).map { Float($0) + 0.5 }, [1, 1, side])
    func axis(_ a: Int) throws(GraphError) -> Tensor {
      let x = try s(.slice(axis: 2, start: a, end: a + 1), places)
      return try s(.affine(factor: Float(side), offset: 0), x)  // [N, P, 1]
    }
    func within(_ x: Tensor) throws(GraphError) -> Tensor {
      let above = try s(.relu, s(.affine(factor: 1, offset: -1), x))
      return try s(.subtract, s(.relu, x), above)
    }

    // The share of each pixel that lies in the box, across and down.
    let (topLeft, bottomRight) = (try of(.boxTopLeft), try of(.boxBottomRight))
    func inside(_ a: Int) throws(GraphError) -> Tensor {
      func corner(_ kind: Tensor) throws(GraphError) -> Tensor {
        try s(.sum(axes: [1], keep: true), s(.multiply, axis(a), kind))  // [N, 1, 1]
      }
      let from = try within(
        s(.affine(factor: 1, offset: 0.5), s(.subtract, centres, corner(topLeft))))
      let to = try within(
        s(.affine(factor: 1, offset: 0.5), s(.subtract, corner(bottomRight), centres)))
      return try s(.multiply, from, to)  // [N, 1, side]
    }
    let hasBox = try s(.sum(axes: [1], keep: true), topLeft)
    let down = try s(.reshape([n, side, 1]), inside(1))
    let box = try s(.multiply, s(.multiply, down, inside(0)), hasBox)  // [N, side, side]

    func tent(_ a: Int) throws(GraphError) -> Tensor {
      let away = try s(.absolute, s(.subtract, centres, axis(a)))
      return try s(.relu, s(.affine(factor: -1 / Self.reach, offset: 1), away))  // [N, P, side]
    }
    let (across, clickDown) = (try tent(0), try s(.transpose([0, 2, 1]), tent(1)))
    func clicks(_ kind: PointKind) throws(GraphError) -> Tensor {
      let theirs = try s(.multiply, across, s(.broadcast([n, p, side]), of(kind)))
      return try s(.matmul(transposeB: false), clickDown, theirs)  // [N, side, side]
    }
    func plane(_ x: Tensor) throws(GraphError) -> Tensor {
      try s(.reshape([n, 1, side, side]), x)
    }
    return try s(
      .concatenate(axis: 1), plane(box), plane(clicks(.positive)), plane(clicks(.negative)),
      plane(s(.subtract, hasBox, box)))
  }

  /// What is added to the image's tokens, `[N, grid², width]`; nothing before it is trained.
  func embedding(_ s: Scope, _ maps: Tensor) throws(GraphError) -> Tensor {
    let c = configuration
    var x = try s(.relu, s["down8"].conv(maps, 16, stride: 2, bias: true))
    x = try s(.relu, s["down16"].conv(x, 32, stride: 2, bias: true))
    return try s["project"].linear(tokens(s, x), c.width, zero: true)
  }

  /// A decoder's logit of what the places alone say, `[N, 1, S/4, S/4]`: 0 where nothing is said.
  static func logit(_ s: Scope, _ maps: Tensor) throws(GraphError) -> Tensor {
    let h = try s(.relu, s["conv"].conv(maps, 8, bias: true))
    let logit = try s["out"].conv(h, 1, kernel: 1, bias: true, zero: true)
    let learnt = try s(.affine(factor: gain, offset: 0), logit)
    let said = try s(
      .multiply, s.parameter("strength", [1, count, 1, 1], .ones),
      s.constant(prior, [1, count, 1, 1]))
    let plain = try s(.sum(axes: [1], keep: true), s(.multiply, maps, said))
    return try s(.add, plain, learnt)
  }
}
