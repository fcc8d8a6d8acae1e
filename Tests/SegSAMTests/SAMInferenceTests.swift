import Foundation
import Testing

@testable import SegSAM

/// Sizes read off the shapes of Segment Anything's own networks, as its code declares them.
@Suite("Sizes of Segment Anything's networks")
struct SAMInferenceTests {
  static func shapes(_ name: String) throws -> [String: [Int]] {
    let file = try #require(
      Bundle.module.url(forResource: "sam-shapes", withExtension: "json", subdirectory: "Fixtures"))
    let all = try JSONDecoder().decode(
      [String: [String: [Int]]].self, from: Data(contentsOf: file))
    return try #require(all[name])
  }

  @Test func base() throws {
    // The defaults are ViT-B's.
    #expect(try SAMConfiguration(shapes: Self.shapes("vit_b")) == SAMConfiguration())
  }

  @Test func huge() throws {
    let found = try SAMConfiguration(shapes: Self.shapes("vit_h"))
    var expected = SAMConfiguration()
    (expected.width, expected.depth, expected.heads) = (1280, 32, 16)
    (expected.encoderMLP, expected.globalBlocks) = (5120, [7, 15, 23, 31])
    #expect(found == expected)
  }

  @Test(arguments: [("tiny", false), ("tiny_adapters", true)])
  func tiny(_ name: String, _ hasAdapters: Bool) throws {
    var hints = SAMHints()
    hints.decoderHeads = 2
    let found = try SAMConfiguration(shapes: Self.shapes(name), hints: hints)
    var expected = SAMConfiguration()
    (expected.imageSize, expected.patchSize, expected.width) = (16, 4, 16)
    (expected.depth, expected.heads, expected.encoderMLP) = (2, 2, 32)
    (expected.windowSize, expected.globalBlocks, expected.hasAdapters) = (3, [1], hasAdapters)
    (expected.promptWidth, expected.maskChannels, expected.decoderHeads) = (16, 8, 2)
    (expected.decoderMLP, expected.scoreWidth) = (24, 12)
    #expect(found == expected)
  }

  @Test(arguments: ["vit_b", "vit_h", "tiny", "tiny_adapters"])
  func shapesOfSizes(_ name: String) throws {
    var hints = SAMHints()
    hints.decoderHeads = 2
    let shapes = try Self.shapes(name)
    #expect(try SAMConfiguration(shapes: shapes, hints: hints).parameterShapes() == shapes)
  }

  /// SAM-Med2D's images have 16 patches a side, and windows of 14; tiny ones may have fewer patches
  /// than a window.
  @Test(arguments: [
    (16, 14, [2, 5]), (4, 7, [2, 5]), (14, 14, [0, 1, 2, 3, 4, 5]), (16, 0, [0, 1, 2, 3, 4, 5]),
  ])
  func windows(_ grid: Int, _ window: Int, _ blocks: [Int]) throws {
    var built = SAMConfiguration()
    (built.depth, built.imageSize, built.windowSize) = (6, grid * 16, window)
    built.globalBlocks = blocks
    let found = try SAMConfiguration(shapes: built.parameterShapes())
    // Windows as large as the image are the whole image.
    #expect(found.windowSize == (window == grid ? 0 : window))
    #expect(found.globalBlocks == blocks && found.imageSize == grid * 16)
  }

  @Test func withoutPositions() throws {
    var built = SAMConfiguration()
    (built.hasAbsolutePositions, built.hasRelativePositions) = (false, false)
    let shapes = built.parameterShapes()
    let error = #expect(throws: BundleError.self) { _ = try SAMConfiguration(shapes: shapes) }
    #expect(error?.message.contains("config.json") == true)
    var hints = SAMHints()
    (hints.heads, hints.imageSize, hints.windowSize, hints.globalBlocks) = (
      12, 1024, 14, [2, 5, 8, 11]
    )
    #expect(try SAMConfiguration(shapes: shapes, hints: hints) == built)
    (built.hasRelativePositions, hints) = (true, SAMHints())
    #expect(try SAMConfiguration(shapes: built.parameterShapes(), hints: hints) == built)
  }

  struct Change: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var says: [String]
    var change: @Sendable (inout [String: [Int]]) -> Void
  }

  static let faults: [Change] = [
    Change(testDescription: "missing", says: ["missing: image_encoder.blocks.3.norm1.bias"]) {
      $0["image_encoder.blocks.3.norm1.bias"] = nil
    },
    Change(testDescription: "a whole block", says: ["missing:", "and 10 more"]) { shapes in
      for name in shapes.keys where name.contains(".blocks.3.") { shapes[name] = nil }
    },
    Change(testDescription: "superfluous", says: ["not known: text_encoder.weight"]) {
      $0["text_encoder.weight"] = [3]
    },
    Change(
      testDescription: "shape", says: ["of another shape:", "[5] instead of [768]"]
    ) { $0["image_encoder.blocks.3.norm1.bias"] = [5] },
    Change(testDescription: "two windows", says: ["blocks.3.attn.rel_pos_h [13, 64]"]) {
      $0["image_encoder.blocks.3.attn.rel_pos_h"] = [13, 64]
    },
    Change(testDescription: "rank", says: ["patch_embed.proj.weight has shape"]) {
      $0["image_encoder.patch_embed.proj.weight"] = [768]
    },
    Change(testDescription: "nothing", says: ["missing"]) { $0 = [:] },
    Change(testDescription: "zero", says: ["has shape"]) {
      $0["image_encoder.blocks.0.attn.rel_pos_h"] = [27, 0]
    },
    Change(testDescription: "huge", says: ["has shape"]) {
      $0["image_encoder.pos_embed"] = [1, .max, .max, 768]
    },
    Change(testDescription: "block 10⁹", says: ["blocks.1000000000"]) {
      $0["image_encoder.blocks.1000000000.norm1.bias"] = [768]
    },
    Change(testDescription: "block x", says: ["blocks.x"]) {
      $0["image_encoder.blocks.x.norm1.bias"] = [768]
    },
    Change(testDescription: "no masks", says: ["0 masks"]) {
      $0["mask_decoder.mask_tokens.weight"] = [1, 256]
    },
    Change(testDescription: "wide attention", says: ["another shape"]) {
      $0["mask_decoder.transformer.layers.0.cross_attn_token_to_image.q_proj.weight"] = [512, 256]
    },
  ]

  @Test(arguments: faults)
  func fault(_ change: Change) throws {
    var shapes = try Self.shapes("vit_b")
    change.change(&shapes)
    let error = #expect(throws: BundleError.self) { _ = try SAMConfiguration(shapes: shapes) }
    #expect(error?.code == .invalid)
    let message = error?.message ?? ""
    for part in change.says { #expect(message.contains(part), "\(message)") }
    #expect(message.contains("state_dict") && message.count < 1500)
  }

  @Test func huggingFace() throws {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("hints-\(UUID().uuidString)", isDirectory: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    #expect(try SAMHints(huggingFace: folder) == SAMHints())
    func write(_ text: String, _ name: String) throws {
      try Data(text.utf8).write(to: folder.appendingPathComponent(name))
    }
    try write(
      """
      {"vision_config": {"image_size": 16, "num_attention_heads": 2, "window_size": 3,
       "global_attn_indexes": [1], "hidden_act": "gelu"},
       "mask_decoder_config": {"num_attention_heads": 4, "hidden_act": "relu"}}
      """, "config.json")
    try write(
      """
      {"image_mean": [0.5, 0.25, 0], "image_std": [1, 0.5, 0.25], "rescale_factor": 0.25}
      """, "preprocessor_config.json")
    var expected = SAMHints()
    (expected.imageSize, expected.heads, expected.windowSize) = (16, 2, 3)
    (expected.globalBlocks, expected.decoderHeads) = ([1], 4)
    (expected.pixelMean, expected.pixelDeviation) = ([2, 1, 0], [4, 2, 1])
    #expect(try SAMHints(huggingFace: folder) == expected)
    try write("{\"do_normalize\": false}", "preprocessor_config.json")
    #expect(try SAMHints(huggingFace: folder).pixelMean == [0, 0, 0])
    try write("{\"vision_config\": {\"hidden_act\": \"relu\"}}", "config.json")
    #expect(throws: BundleError.self) { try SAMHints(huggingFace: folder) }
    try write("{", "config.json")
    #expect(throws: BundleError.self) { try SAMHints(huggingFace: folder) }
  }
}
