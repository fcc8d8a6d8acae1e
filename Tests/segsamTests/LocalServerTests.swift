import ArgumentParser
import BusProtocol
import Client
import Foundation
import Imaging
import JSONC
import SegSAMTesting
import Server
import Testing
import Vocabulary

@testable import segsam

/// The whole way of `segment`: a file, a server in this process with a made-up model, masks.
@Suite("A server in this process")
struct LocalServerTests {
  private static func model() throws -> LoadedModel {
    let vocabulary = try Vocabulary.load(at: VocabularyLocation.find())
    let engine = FakeEngine(
      trained: Set(vocabulary.concrete.map(\.id)), parts: { vocabulary.parts(of: $0) })
    return LoadedModel(engine: engine, vocabulary: vocabulary)
  }

  private func answer(
    _ file: InputFile, _ arguments: [String]
  ) async throws -> SegmentAnswer {
    let command = try #require(
      try SegsamCommand.parseAsRoot(["segment", file.path, "-o", "x"] + arguments)
        as? SegmentCommand)
    let parameters = command.parameters
    let source = file.source(try file.image(modality: "CT"))
    let load: @Sendable (ModelOptions) async throws -> LoadedModel = { _ in try Self.model() }
    let reply = try await command.server.withClient(load: load) { client in
      try await client.call(
        .segment(parameters), image: source,
        showing: Progress("x", unit: "slices", isTerminal: false) { _ in })
    }
    return try SegmentAnswer(reply, parameters: parameters)
  }

  private func scratch() throws -> String {
    let url = FileManager.default.temporaryDirectory
      .appendingPathComponent("segsam-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    return url.path
  }

  @Test func volume() async throws {
    let folder = try scratch()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let phantom = try Phantom.make(seed: 3, size: [40, 30, 6], spacing: [8, 8, 40])
    try NIfTIFile.write(phantom.image, path: folder + "/in.nii.gz")
    let file = try InputFile(path: folder + "/in.nii.gz")
    let image = try file.image(modality: "CT")
    let answer = try await answer(file, ["-c", "pancreas,左肾", "-c", "pancreas"])
    let out = try OutputFolder(path: folder + "/out")
    let written = try SegmentOutput(file: file, image: image, answer: answer).write(to: out)
    #expect(
      written.files == [
        "pancreas.nii.gz", "left_kidney.nii.gz", "pancreas-2.nii.gz", "semantic_mask.nii.gz",
        "overlay.png", "result.json",
      ])
    #expect(
      Set(try FileManager.default.contentsOfDirectory(atPath: folder + "/out"))
        == Set(written.files))
    let mask = try ImageFile.read(path: folder + "/out/left_kidney.nii.gz")
    #expect(mask.gridShape == [6, 30, 40])
    #expect(mask.affine == image.affine)
    #expect(Int(mask.samples.reduce(0, +)) == answer.segmentation.result.categories[1].voxels)
    let semantic = try ImageFile.readLabels(path: folder + "/out/semantic_mask.nii.gz")
    #expect(semantic.labels == answer.semantic)
    let text = try String(contentsOfFile: folder + "/out/result.json", encoding: .utf8)
    let result = try JSONValue(parsing: text)
    #expect(result["labels"]?["2"] == "left_kidney")
    #expect(result["model"]?["name"] == "fake")
    #expect(result["categories"]?.arrayValue?.count == 3)
  }

  @Test func picture() async throws {
    let folder = try scratch()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let gray = (0..<48 * 32).map { UInt8($0 % 251) }
    try ImageFile.writePNG(gray: gray, width: 48, height: 32, path: folder + "/in.png")
    let file = try InputFile(path: folder + "/in.png")
    let image = try file.image(modality: nil)
    let answer = try await answer(
      file, ["-c", "liver", "--free-text", "a bright spot", "--box", "5,6,15,20"])
    #expect(answer.isFreeText == [false, true])
    let out = try OutputFolder(path: folder + "/out")
    let written = try SegmentOutput(file: file, image: image, answer: answer).write(to: out)
    #expect(written.files.prefix(3) == ["liver.png", "free_text.png", "semantic_mask.png"])
    let mask = try ImageFile.readLabels(path: folder + "/out/liver.png")
    #expect(mask.labels.map { $0 == 255 ? 1 : UInt8($0) } == answer.masks[0])
    #expect(
      try ImageFile.readLabels(path: folder + "/out/semantic_mask.png").labels == answer.semantic)
  }

  @Test func unknownCategory() async throws {
    let folder = try scratch()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try ImageFile.writePNG(
      gray: [UInt8](repeating: 9, count: 64), width: 8, height: 8, path: folder + "/in.png")
    let file = try InputFile(path: folder + "/in.png")
    let error = try await #require(throws: (any Error).self) {
      _ = try await answer(file, ["-c", "pancras"])
    }
    let failure = Failure(of: error)
    #expect(failure.status == .badInput)
    #expect(failure.hints.first?.contains("pancreas") == true)
  }

  @Test func demonstration() async throws {
    let folder = try scratch()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let command = try #require(
      try SegsamCommand.parseAsRoot(["demo", "-o", folder + "/demo"]) as? DemoCommand)
    try await command.run { _ in try Self.model() }
    let files = try FileManager.default.contentsOfDirectory(atPath: folder + "/demo")
    #expect(Set(files) == ["overlay.png", "truth.png", "image.nii.gz"])
  }

  @Test(arguments: ["missing.png", "text.png", "."])
  func badFiles(_ name: String) throws {
    let folder = try scratch()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try "no picture".write(toFile: folder + "/text.png", atomically: true, encoding: .utf8)
    let error = try #require(throws: (any Error).self) {
      try InputFile(path: folder + "/" + name)
    }
    #expect(Failure(of: error).status == .badInput)
  }
}
