import Foundation
import Imaging
import NeuralGraph
import OpenVINORuntime
import Testing

@testable import SegSAM

/// The small network of ours with that of the fixtures, in Segment Anything's layout, in it.
private struct Inside {
  let example: SAMExample
  let configuration: NetworkConfiguration
  let weights: SAMExample.Values

  init(imageSize: Int = 64) throws {
    example = try SAMExample.small
    var c = TinyModel.configuration
    (c.imageSize, c.sam, c.drawsBinary) = (imageSize, example.configuration, nil)
    configuration = c
    let network = SegSAMNetwork(configuration: c, categoryCount: TinyModel.categories.count)
    let text = Self.text(c)
    let ours = TinyModel.random(for: [
      try network.imageGraph(categoryText: text), try network.promptGraph(),
      try network.queryGraph(categoryText: text),
    ])
    let theirs = example.weights.map { ("sam.\($0)", $1) }
    weights = ours.merging(theirs) { $1 }
  }

  static func text(_ c: NetworkConfiguration) -> [Float] {
    [Float](repeating: 0.1, count: TinyModel.categories.count * c.aspects * c.textWidth)
  }

  var network: SegSAMNetwork {
    SegSAMNetwork(configuration: configuration, categoryCount: TinyModel.categories.count)
  }

  func run(_ graph: Graph, _ inputs: [String: TensorValue]) throws -> [String: TensorValue] {
    try OpenVINO.load().compile(
      graph, weights: weights, options: CompileOptions(precision: .float32)
    ).makeRequest().infer(inputs: inputs)
  }

  func bundle() throws -> ModelBundle {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("segsam-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    var manifest = TinyModel.manifest()
    manifest.network = configuration
    try ModelBundle.save(manifest: manifest, weights: weights, to: folder)
    return try ModelBundle.load(directory: folder)
  }
}

@Suite(
  "Segment Anything's networks within ours",
  .enabled(if: TinyModel.isPossible, "run ./bootstrap for OpenVINO and MiniLM"))
struct SAMInsideTests {
  /// What the decoders answer a prompt of the fixtures; with a text where one is given.
  private func answer(
    _ inside: Inside, _ prompt: SAMExample.Prompt, text: Float? = nil
  ) throws -> [String: TensorValue] {
    let (c, side) = (inside.configuration, Double(inside.example.configuration.imageSize))
    let corners = prompt.places.filter { $0.kind == .boxTopLeft || $0.kind == .boxBottomRight }
    func place(_ p: (x: Double, y: Double, kind: PointKind)) -> (x: Double, y: Double) {
      ((p.x + 0.5) / side, (p.y + 0.5) / side)
    }
    let ends = corners.map(place)
    let tensors = PromptTensors(
      configuration: c, text: nil,
      box: ends.count == 2 ? (ends[0].x, ends[0].y, ends[1].x, ends[1].y) : nil,
      clicks: prompt.places.filter { $0.kind == .positive || $0.kind == .negative }.map {
        let at = place($0)
        return (at.x, at.y, $0.kind == .positive)
      })
    var inputs = try inside.run(inside.network.promptGraph(), tensors.points)
    inputs.merge(tensors.text) { $1 }
    if let text {
      inputs["has_text"] = TensorValue([Float(1)], shape: [1, 1])
      inputs["text"] = TensorValue(
        [Float](repeating: text, count: c.aspects * c.textWidth),
        shape: [1, c.aspects, c.textWidth])
    }
    let image = try inside.example.network.imageGraph()
    let embedding = try #require(
      OpenVINO.load().compile(
        image, weights: inside.example.weights, options: CompileOptions(precision: .float32)
      ).makeRequest().infer(inputs: [
        "image": SAMExample.picture(inside.example.configuration.imageSize)
      ])["embedding"]?.floats)
    let sam = inside.example.configuration
    let cells = sam.grid * sam.grid
    let rows: [Float] = (0..<cells * sam.promptWidth).map {
      embedding[$0 % sam.promptWidth * cells + $0 / sam.promptWidth]
    }
    inputs["embedding"] = TensorValue(rows, shape: [1, cells, sam.promptWidth])
    let picture = try #require(SAMExample.picture(c.imageSize).floats)
    let five: [Float] = picture + picture.prefix(2 * c.imageSize * c.imageSize)
    let own = TensorValue(five, shape: [1, 5, c.imageSize, c.imageSize])
    let features = try inside.run(
      inside.network.imageGraph(categoryText: Inside.text(c)),
      ["image": own, "foreign": inputs["embedding"]!])
    inputs.merge(features) { $1 }
    inputs["classes"] = nil
    return try inside.run(inside.network.queryGraph(categoryText: Inside.text(c)), inputs)
  }

  @Test("a box or clicks without a text have the masks that Hugging Face's implementation draws")
  func equalsPeer() throws {
    let inside = try Inside()
    let side = inside.example.configuration.maskSide
    #expect(side == inside.configuration.imageSize / 2)
    for (name, prompt) in SAMExample.prompts(inside.example.configuration.imageSize)
    where !prompt.hasMask {
      let out = try answer(inside, prompt)
      let expected = try #require(inside.example.expected["\(name).masks"]?.values)
      let largest = expected.map(abs).max() ?? 1
      let mask = try #require(out["mask"]?.floats)
      #expect(mask.count == side * side)
      let off = zip(mask, expected).map { abs($0 - $1) }.max() ?? .infinity
      #expect(off < 2e-5 * largest, "\(name)")
      // The four at half that side: means of four pixels each.
      let candidates = try #require(out["candidates"]?.floats)
      let half = side / 2
      #expect(candidates.count == 4 * half * half)
      for n in candidates.indices {
        let (k, y, x) = (n / (half * half), n / half % half, n % half)
        let four = [0, 1, side, side + 1].map {
          expected[k * side * side + 2 * y * side + 2 * x + $0]
        }
        #expect(abs(candidates[n] - four.reduce(0, +) / 4) < 2e-5 * largest, "\(name)")
      }
      let scores = try #require(inside.example.expected["\(name).scores"]?.values)
      for (mine, peer) in zip(try #require(out["iou"]?.floats), scores) {
        #expect(abs(mine - peer) < 2e-5, "\(name)")
      }
    }
  }

  @Test("a text has a say in their mask, with a box and alone")
  func text() throws {
    let inside = try Inside()
    let prompts = SAMExample.prompts(inside.example.configuration.imageSize)
    for prompt in [try #require(prompts["box"]), SAMExample.Prompt(places: [])] {
      let masks = try [nil, 0.05, -0.05].map {
        try #require(answer(inside, prompt, text: $0)["mask"]?.floats)
      }
      for (a, b) in [(0, 1), (0, 2), (1, 2)] {
        let off = zip(masks[a], masks[b]).map { abs($0 - $1) }.max() ?? 0
        #expect(off > 1e-3, "\(a) \(b)")
      }
    }
  }

  @Test("their encoder sees the same, as a part of the graph that is trained and beside it")
  func encoders() throws {
    // Up to what it takes: a larger picture is averaged beside the graph, and is not trained on.
    for size in [64, 96, 128] {
      let inside = try Inside(imageSize: size)
      let sam = inside.example.configuration
      let options = CompileOptions(precision: .float32)
      let picture = try #require(SAMExample.picture(size).floats)
      let beside = try ForeignModel(sam, weights: inside.weights, options: options)
        .tokens(of: picture, side: size)
      let builder = GraphBuilder()
      let image = try builder.input("image", [1, 5, size, size])
      let within = SAMNetwork(configuration: sam, shapes: inside.weights.mapValues(\.shape))
      try builder.output("tokens", within.tokens(builder.root["sam"], ofPicture: image))
      let five = picture + picture.prefix(2 * size * size)
      let tokens = try #require(
        inside.run(builder.graph, ["image": TensorValue(five, shape: [1, 5, size, size])])[
          "tokens"]?
          .floats)
      let largest = beside.map(abs).max() ?? 1
      let off = zip(beside, tokens).map { abs($0 - $1) }.max() ?? .infinity
      #expect(beside.count == tokens.count && off < 1e-3 * largest, "\(size): \(off) of \(largest)")
    }
  }

  @Test("answers in a bundle, by name, by box, and by one click with its best mask")
  func serves() async throws {
    let predictor = try Predictor(
      bundle: Inside().bundle(), vocabulary: TinyModel.vocabulary(),
      options: PredictorOptions(threads: 1, precision: .float32))
    func mask(_ query: Query) async throws -> BinaryMask {
      try #require(
        await predictor.segment(
          TinyModel.volume(depth: 1), imageKey: "a", queries: [query],
          options: SegmentOptions(presenceThreshold: 0), progress: nil
        ).queries[0].mask)
    }
    let box = Box([6, 5, 0, 30, 22, 1])
    let named = try await mask(Query(.category("liver")))
    #expect(try await mask(Query(.category("liver"))) == named)
    #expect(try await mask(Query(.category("spleen"))) != named)
    let boxed = try await mask(Query(.unnamed, box: box))
    #expect(boxed != named)
    let click = try await mask(
      Query(.unnamed, clicks: [Click(at: [20, 15, 0], isPositive: true)]))
    #expect(click != boxed)
  }

  @Test("sizes that do not fit ours are refused")
  func refused() throws {
    var c = try Inside().configuration
    for count in [2, 4, .max] {
      c.sam?.candidates = count
      #expect(throws: BundleError.self) { try c.check("manifest.json") }
    }
    c.sam?.candidates = 3
    #expect(throws: Never.self) { try c.check("manifest.json") }
    c.encoder = ForeignEncoder(
      imageSize: 32, channels: 3, grid: 2, mean: [0, 0, 0], deviation: [1, 1, 1])
    #expect(throws: BundleError.self) { try c.check("manifest.json") }
  }
}
