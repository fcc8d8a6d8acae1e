import ArgumentParser
import Checkpoints
import Foundation
import NeuralGraph
import SegSAM
import Testing

@testable import segsam

/// Bundles of the tiny networks that PyTorch and transformers wrote.
@Suite("Importing checkpoints")
struct ImportTests {
  static let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("CheckpointsTests/Fixtures")

  static func scratch() throws -> URL {
    let url = FileManager.default.temporaryDirectory
      .appendingPathComponent("import-\(UUID().uuidString)", isDirectory: true)
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    return url
  }

  /// Runs the command without its output.
  static func run(_ file: String, _ folder: URL, _ more: [String] = []) async throws {
    let command = try SegsamCommand.parseAsRoot(
      ["import", fixtures.appendingPathComponent(file).path, "-o", folder.path] + more)
    let parsed = try #require(command as? ImportCommand)
    try await parsed.run()
  }

  static func manifest(_ folder: URL) throws -> Manifest {
    let file = folder.appendingPathComponent("manifest.json")
    return try JSONDecoder().decode(Manifest.self, from: Data(contentsOf: file))
  }

  @Test(arguments: [("sam.pth", ["--decoder-heads", "2"]), ("huggingface/model.safetensors", [])])
  func bundle(_ file: String, _ more: [String]) async throws {
    let parent = try Self.scratch()
    defer { try? FileManager.default.removeItem(at: parent) }
    let folder = parent.appendingPathComponent("models/tiny")
    try await Self.run(file, folder, more + ["--summary", "a test"])
    let manifest = try Self.manifest(folder)
    #expect(manifest.name == "tiny" && manifest.summary == "a test" && manifest.categories.isEmpty)
    let sam = try #require(manifest.sam)
    #expect(sam.decoderHeads == 2 && sam.imageSize == 16 && sam.globalBlocks == [1])
    #expect(zip(sam.pixelMean, [123.675, 116.28, 103.53]).allSatisfy { abs($0 - $1) < 1e-9 })
    let weights = try SafetensorsFile(
      path: folder.appendingPathComponent("weights.safetensors").path)
    try sam.check(weights.entries.mapValues(\.shape))
    let original = try Checkpoint(path: Self.fixtures.appendingPathComponent("sam.pth").path)
    for name in original.names {
      let (read, wanted) = (try weights.floats(name).values, try original.floats(name))
      #expect(read == wanted, "\(name)")
      #expect(weights.entries[name]?.type == .f32)
    }
    let card = try String(
      contentsOf: folder.appendingPathComponent("MODEL_CARD.md"), encoding: .utf8)
    #expect(card.contains("claims no accuracy") && card.contains("sha256"))
    let left = try FileManager.default.contentsOfDirectory(
      atPath: parent.appendingPathComponent("models").path)
    #expect(left == ["tiny"])
  }

  @Test("takes the network out of a model of ours that holds it, with what its manifest says")
  func inner() async throws {
    let parent = try Self.scratch()
    defer { try? FileManager.default.removeItem(at: parent) }
    let plain = parent.appendingPathComponent("plain")
    try await Self.run("sam.pth", plain, ["--decoder-heads", "2", "--pixels", "unit"])
    let theirs = try SafetensorsFile(path: plain.appendingPathComponent("weights.safetensors").path)
      .allFloats()
    var manifest = Manifest(
      name: "outer", version: "1", network: NetworkConfiguration(), categories: ["liver"],
      modalities: ["CT"], textEncoder: "any")
    manifest.network.sam = try Self.manifest(plain).sam
    manifest.network.sam?.pixelMean = [1, 2, 3]
    var weights = [
      "image_encoder.stem.weight": (shape: [1], values: [Float(7)]),
      "t2vse.no_text": (shape: [1], values: [Float(7)]),
    ]
    for (name, tensor) in theirs { weights["sam.\(name)"] = tensor }
    let outer = parent.appendingPathComponent("outer")
    try ModelBundle.save(manifest: manifest, weights: weights, to: outer)
    let folder = parent.appendingPathComponent("again")
    let command = try SegsamCommand.parseAsRoot([
      "import", outer.appendingPathComponent("weights.safetensors").path, "-o", folder.path,
    ])
    try await #require(command as? ImportCommand).run()
    #expect(try Self.manifest(folder).sam == manifest.network.sam)
    let card = try String(
      contentsOf: folder.appendingPathComponent("MODEL_CARD.md"), encoding: .utf8)
    #expect(card.contains("trained them further") && !card.contains("has not trained"))
    let again = try SafetensorsFile(path: folder.appendingPathComponent("weights.safetensors").path)
      .allFloats()
    #expect(Set(again.keys) == Set(theirs.keys))
    for (name, tensor) in theirs {
      #expect(again[name]?.values == tensor.values.map { Float(Float16($0)) }, "\(name)")
    }
  }

  @Test func options() async throws {
    let parent = try Self.scratch()
    defer { try? FileManager.default.removeItem(at: parent) }
    let folder = parent.appendingPathComponent("a")
    let more = ["--decoder-heads", "2", "--half", "--pixels", "unit", "--name", "other"]
    try await Self.run("sam.pth", folder, more)
    let manifest = try Self.manifest(folder)
    #expect(manifest.name == "other" && manifest.sam?.pixelDeviation == [255, 255, 255])
    let weights = try SafetensorsFile(
      path: folder.appendingPathComponent("weights.safetensors").path)
    #expect(weights.entries.values.allSatisfy { $0.type == .f16 })
    // A bundle that is there is kept, unless told; what is no bundle is never replaced.
    await #expect(throws: BundleError.self) { try await Self.run("sam.pth", folder, more) }
    #expect(try Self.manifest(folder).name == "other")
    try await Self.run("sam.pth", folder, ["--decoder-heads", "2", "--force"])
    #expect(try Self.manifest(folder).name == "a")
    await #expect(throws: BundleError.self) {
      try await Self.run("sam.pth", parent, ["--decoder-heads", "2", "--force"])
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: parent.path) == ["a"])
  }

  /// What fails leaves nothing behind.
  @Test(arguments: ["whole-model.pth", "script.pt", "numbers.pth", "sam-wrapped.pth", "none.pth"])
  func refused(_ file: String) async throws {
    let parent = try Self.scratch()
    defer { try? FileManager.default.removeItem(at: parent) }
    let error = await #expect(throws: (any Error).self) {
      try await Self.run(file, parent.appendingPathComponent("a"))
    }
    let failure = Failure(of: try #require(error))
    #expect(failure.status == .badInput)
    #expect(failure.message.contains(file))
    #expect(try FileManager.default.contentsOfDirectory(atPath: parent.path).isEmpty)
  }

  @Test func digest() throws {
    let folder = try Self.scratch()
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appendingPathComponent("abc")
    try Data("abc".utf8).write(to: file)
    // FIPS 180-4's own example.
    #expect(
      try FileDigest.sha256(path: file.path)
        == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
  }
}
