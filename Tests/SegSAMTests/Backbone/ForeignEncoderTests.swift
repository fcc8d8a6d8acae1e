import Foundation
import Imaging
import NeuralGraph
import OpenVINORuntime
import Testing

@testable import SegSAM

/// Files of image encoders, made for a test.
final class EncoderFiles {
  let folder: URL

  init() throws {
    folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("encoder-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  enum Layout {
    case plane, flat
    case tokens(leading: Int)
  }

  /// Of 32 × 32 pixels: in each of four patches the means of the three colours, times `gain`.
  func write(
    _ name: String, _ layout: Layout = .plane, gain: Float = 1, images: Int = 1, inputs: Int = 1
  ) throws -> String {
    let builder = GraphBuilder()
    let s = builder.root
    let image = try builder.input("pixels", [images, 3, 32, 32])
    var kernel = [Float](repeating: 0, count: 9 * 256)
    for c in 0..<3 {
      for n in 0..<256 { kernel[(c * 3 + c) * 256 + n] = gain / 256 }
    }
    var out = try s(
      .conv2d(stride: 16, padding: 0, groups: 1), image, s.constant(kernel, [3, 3, 16, 16]))
    for n in 1..<max(1, inputs) {
      let other = try builder.input("more\(n)", [images, 3, 2, 2])
      out = try s(.add, out, other)
    }
    switch layout {
    case .plane: break
    case .tokens(let leading):
      let tokens = try s(.transpose([0, 2, 1]), s(.reshape([images, 3, 4]), out))
      out =
        leading == 0
        ? tokens
        : try s(
          .concatenate(axis: 1),
          s.constant([Float](repeating: 9, count: images * leading * 3), [images, leading, 3]),
          tokens)
    case .flat: out = try s(.reshape([images, 12]), out)
    }
    try builder.output("features", out)
    let file = folder.appendingPathComponent(name)
    try Data(ONNXWriter.encode(builder.graph)).write(to: file)
    return file.path
  }
}

@Suite(
  "Another network's image encoder",
  .enabled(if: TinyModel.isPossible, "run ./bootstrap for OpenVINO and MiniLM"))
struct ForeignEncoderTests {
  let files: EncoderFiles
  init() throws { files = try EncoderFiles() }

  private let mean = [0.4, 0.5, 0.6], deviation = [0.2, 0.25, 0.5]

  private func model(_ path: String, imageSize: Int? = nil) throws -> ForeignModel {
    try ForeignModel(
      path: path, imageSize: imageSize, mean: mean, deviation: deviation,
      options: .init(precision: .float32, threads: 1))
  }

  @Test("sees our picture in its own colours and size, and its features come row by row")
  func features() throws {
    // Each quarter of the picture has a colour of its own; a fourth channel is not for it.
    let side = 16
    let colours: [[Float]] = [[0.1, 0.2, 0.3], [0.9, 0.8, 0.7], [0.5, 0.1, 0.6], [0.4, 1, 0]]
    var image = [Float](repeating: 7, count: 4 * side * side)
    for c in 0..<3 {
      for y in 0..<side {
        for x in 0..<side {
          let colour = colours[y / 8 * 2 + x / 8][c]
          image[(c * side + y) * side + x] =
            (colour - NetworkInput.mean) / NetworkInput.deviation
        }
      }
    }
    for (layout, leading) in [
      (EncoderFiles.Layout.plane, nil), (.tokens(leading: 0), 0), (.tokens(leading: 2), 2),
    ] as [(EncoderFiles.Layout, Int?)] {
      let model = try model(files.write("a.onnx", layout))
      #expect(
        model.encoder
          == ForeignEncoder(
            imageSize: 32, channels: 3, grid: 2, leadingTokens: leading, mean: mean,
            deviation: deviation))
      let tokens = try model.tokens(of: image, side: side)
      let expected = colours.flatMap { colour in
        (0..<3).map { (Double(colour[$0]) - mean[$0]) / deviation[$0] }
      }
      #expect(tokens.count == 12)
      // Where two colours meet, scaling mixes them.
      for (got, want) in zip(tokens, expected) { #expect(abs(Double(got) - want) < 0.15) }
    }
  }

  @Test("is refused with what it lacks")
  func refused() throws {
    func reason(_ path: String, imageSize: Int? = nil) -> String {
      do {
        _ = try model(path, imageSize: imageSize)
        return ""
      } catch { return "\(error)" }
    }
    #expect(try reason(files.write("flat.onnx", .flat)).contains("[1, 12]"))
    #expect(try reason(files.write("two.onnx", inputs: 2)).contains("one input, this has 2"))
    #expect(try reason(files.write("many.onnx", images: 2)).contains("[2, 3, 32, 32]"))
    #expect(try reason(files.write("a.onnx"), imageSize: 64).contains("32 pixels, not 64"))
    let none = files.folder.appendingPathComponent("none.onnx")
    #expect(reason(none.path).contains("cannot be read"))
    let junk = files.folder.appendingPathComponent("junk.onnx")
    try Data("no model".utf8).write(to: junk)
    #expect(reason(junk.path).contains("cannot be read"))
  }

  /// A bundle on top of an encoder, with random weights.
  private func bundle(_ encoder: String, named name: String) throws -> ModelBundle {
    var manifest = TinyModel.manifest()
    manifest.network.encoder = try model(encoder).encoder
    let folder = files.folder.appendingPathComponent(name)
    try ModelBundle.save(
      manifest: manifest, weights: TinyModel.weights(encoder: manifest.network.encoder),
      encoder: URL(fileURLWithPath: encoder), to: folder)
    return try ModelBundle.load(directory: folder)
  }

  @Test("answers in a bundle, which holds it")
  func serves() async throws {
    func mask(_ bundle: ModelBundle) async throws -> BinaryMask? {
      let predictor = try Predictor(
        bundle: bundle, vocabulary: TinyModel.vocabulary(),
        options: PredictorOptions(threads: 1, precision: .float32))
      return try await predictor.segment(
        TinyModel.volume(), imageKey: "a", queries: [Query(.category("liver"))],
        options: SegmentOptions(presenceThreshold: 0), progress: nil
      ).queries[0].mask
    }
    let first = try bundle(files.write("one.onnx"), named: "first")
    // What it was made from is not needed any more.
    try FileManager.default.removeItem(at: files.folder.appendingPathComponent("one.onnx"))
    let one = try #require(try await mask(first))
    #expect(one.count > 0 && one.count < one.voxels.count)
    #expect(try await mask(first) == one)
    let other = try await mask(bundle(files.write("two.onnx", gain: -2), named: "second"))
    #expect(try #require(other) != one)
    // Another encoder in its place is noticed, and so is none.
    let path = try #require(first.encoderFile)
    _ = try files.write("first/\(ForeignEncoder.file)", .tokens(leading: 1))
    await #expect(throws: BundleError.self) { _ = try await mask(first) }
    try FileManager.default.removeItem(at: path)
    await #expect(throws: (any Error).self) { _ = try await mask(first) }
  }
}
