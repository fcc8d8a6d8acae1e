import Imaging
public import OpenVINORuntime

/// A `ForeignEncoder`, compiled.
public final class ForeignModel: Sendable {
  public let encoder: ForeignEncoder
  private let model: BatchedModel
  private let input: String, output: String

  /// Compiles an encoder that is known. Blocks for seconds.
  ///
  /// - Throws: `BundleError` where the file is another network.
  public convenience init(
    path: String, encoder: ForeignEncoder, options: CompileOptions = CompileOptions()
  ) throws {
    try self.init(
      path: path, imageSize: encoder.imageSize, mean: encoder.mean, deviation: encoder.deviation,
      options: options)
    guard self.encoder == encoder else {
      throw BundleError(
        .invalid, "\(path) is not the encoder that the manifest tells of: it has \(self.encoder)")
    }
  }

  /// Compiles an encoder and finds out what it gives. Blocks for seconds.
  ///
  /// - Parameters:
  ///   - imageSize: where the file leaves it open; nil: as the file says.
  ///   - mean, deviation: as `ForeignEncoder` has them.
  /// - Throws: `BundleError` saying what is not as it must be: one input `[1, 3, S, S]`, and an output
  ///   `[1, C, g, g]` or `[1, T, C]`; the first such one is taken.
  public init(
    path: String, imageSize: Int? = nil, mean: [Double], deviation: [Double],
    options: CompileOptions = CompileOptions()
  ) throws {
    func refusal(_ reason: String) -> BundleError { BundleError(.invalid, "\(path): \(reason)") }
    let compiled = try OpenVINO.load().compile(.file(path), options: options)
    guard compiled.inputs.count == 1, let port = compiled.inputs.first else {
      throw refusal("an image encoder has one input, this has \(compiled.inputs.count)")
    }
    let shape = port.shape
    guard port.element == .float32, shape?.count ?? 4 == 4, shape?[0] ?? 1 == 1,
      shape?[1] ?? 3 == 3, shape.map({ $0[2] == $0[3] }) ?? true
    else {
      throw refusal(
        "an image encoder takes float32 [1, 3, S, S], this \(port.element) \(shape ?? [])")
    }
    guard let side = shape?[2] ?? imageSize, (16...4096).contains(side) else {
      throw refusal("it takes images of any size: say which with --encoder-size, 16 to 4096")
    }
    guard imageSize ?? side == side else {
      throw refusal("it takes images of \(side) pixels, not \(imageSize ?? side)")
    }
    input = port.name
    model = try BatchedModel(compiled, streams: options.streams)
    let black = TensorValue(
      [Float](repeating: 0, count: 3 * side * side), shape: [1, 3, side, side])
    let given = try model.infer([input: black])
    let found = compiled.outputs.lazy.compactMap { port in
      given[port.name].flatMap(Self.features).map { (name: port.name, features: $0) }
    }
    guard let first = found.first else {
      let shapes = given.map { "\($0.key) \($0.value.shape)" }.sorted()
      throw refusal(
        "none of its outputs are features [1, C, g, g] or [1, T, C]: \(shapes.joined(separator: ", "))"
      )
    }
    output = first.name
    encoder = ForeignEncoder(
      imageSize: side, channels: first.features.channels, grid: first.features.grid,
      leadingTokens: first.features.leading, mean: mean, deviation: deviation)
    guard encoder.isSane else { throw refusal("its sizes are out of range: \(encoder)") }
  }

  /// Compiles Segment Anything's encoder, of a network that holds it. Blocks for seconds.
  ///
  /// - Parameter weights: of that network, by names that begin with `sam.`.
  public init(
    _ sam: SAMConfiguration, weights: [String: (shape: [Int], values: [Float])],
    options: CompileOptions = CompileOptions()
  ) throws {
    encoder = ForeignEncoder(sam)
    (input, output) = ("pixels", "embedding")
    let network = SAMNetwork(configuration: sam, shapes: weights.mapValues(\.shape))
    model = try BatchedModel(
      sizes: [1], streams: options.streams, weights: weights, options: options
    ) { _ in try network.innerGraph() }
  }

  /// What an output's shape says of features; nil where they are none.
  private static func features(
    _ value: TensorValue
  ) -> (channels: Int, grid: Int, leading: Int?)? {
    let shape = value.shape
    guard value.floats != nil, shape.first == 1 else { return nil }
    if shape.count == 4, shape[2] == shape[3] { return (shape[1], shape[2], nil) }
    guard shape.count == 3 else { return nil }
    let grid = Int(Double(shape[1]).squareRoot())
    let leading = shape[1] - grid * grid
    // Of some class tokens and registers, not of a sequence that is no square.
    return grid > 1 && leading <= 16 ? (shape[2], grid, leading) : nil
  }

  /// - Parameter image: `[channels, side, side]` as `NetworkInput` gives it; its first three channels.
  /// - Returns: `[grid², channels]`, row by row.
  public func tokens(of image: some Collection<Float>, side: Int) throws -> [Float] {
    let (e, plane) = (encoder, side * side)
    var pixels: [Float] = []
    pixels.reserveCapacity(3 * e.imageSize * e.imageSize)
    for c in 0..<3 {
      let colour = Array(image.dropFirst(c * plane).prefix(plane))
      guard
        let scaled = Resampling.resize(
          colour, width: side, height: side, toWidth: e.imageSize, toHeight: e.imageSize)
      else { throw PredictorError(.inference, "the encoder was given no image") }
      let (factor, offset) = (e.factors[c], e.offsets[c])
      pixels += scaled.map { $0 * factor + offset }
    }
    let out = try model.infer([
      input: TensorValue(pixels, shape: [1, 3, e.imageSize, e.imageSize])
    ])
    let count = e.grid * e.grid
    guard let values = out[output]?.floats,
      values.count == (count + (e.leadingTokens ?? 0)) * e.channels
    else { throw PredictorError(.inference, "the encoder gave no features") }
    if let leading = e.leadingTokens { return Array(values[(leading * e.channels)...]) }
    return [Float](unsafeUninitializedCapacity: values.count) { tokens, filled in
      for c in 0..<e.channels {
        for n in 0..<count { tokens[n * e.channels + c] = values[c * count + n] }
      }
      filled = values.count
    }
  }
}
