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

/// The whole way of `segment --everything`: a file, a server in this process with a made-up model,
/// masks, a label map, pictures. That model shows one and the same region for every click.
@Suite("Everything, through a server")
struct EverythingCommandTests {
  private static func model() throws -> LoadedModel {
    let vocabulary = try Vocabulary.load(at: VocabularyLocation.find())
    return LoadedModel(engine: FakeEngine(trained: ["liver", "spleen"]), vocabulary: vocabulary)
  }

  private func write(
    _ arguments: [String], _ path: String, modality: String? = nil, to out: String
  ) async throws -> (slices: EverythingSlices, written: EverythingOutput.Written) {
    let command = try #require(
      try SegsamCommand.parseAsRoot(["segment", path, "-o", out, "--everything"] + arguments)
        as? SegmentCommand)
    let file = try InputFile(path: path)
    let slices = try EverythingSlices(
      file, image: try file.image(modality: modality), chosen: command.all.slice)
    let load: @Sendable (ModelOptions) async throws -> LoadedModel = { _ in try Self.model() }
    let answer = try await command.server.withClient(load: load) { client in
      try await command.everything(in: slices, client)
    }
    let output = EverythingOutput(
      file: file, slices: slices, model: answer.model, found: answer.found)
    return (slices, try output.write(to: OutputFolder(path: out)))
  }

  private func scratch() throws -> String {
    let url = FileManager.default.temporaryDirectory
      .appendingPathComponent("segsam-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    return url.path
  }

  @Test func picture() async throws {
    let folder = try scratch()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let gray = (0..<48 * 32).map { UInt8(60 + $0 % 180) }
    try ImageFile.writePNG(gray: gray, width: 48, height: 32, path: folder + "/in.png")
    let (_, written) = try await write(["--grid", "4"], folder + "/in.png", to: folder + "/out")
    #expect(
      written.files == ["region_001_liver.png", "regions.png", "overlay.png", "result.json"])
    #expect(
      Set(try FileManager.default.contentsOfDirectory(atPath: folder + "/out"))
        == Set(written.files))
    let text = try String(contentsOfFile: folder + "/out/result.json", encoding: .utf8)
    let result = try JSONValue(parsing: text)
    #expect(result == written.result)
    #expect(result["model"]?["name"] == "fake")
    let region = try #require(result["regions"]?[0])
    #expect(region["category"]?.stringValue == "liver")
    #expect(region["probability"]?.doubleValue == 0.5)
    #expect(region["score"]?.doubleValue == 0.75 && region["stability"]?.doubleValue == 1)
    // Whatever the click, the same region came back: the first of them found it.
    #expect(region["points"] == JSONValue.array([[6, 4]]))
    #expect(region["slice"]?.intValue == nil && region["area_mm2"]?.doubleValue == nil)
    let mask = try ImageFile.readLabels(path: folder + "/out/region_001_liver.png")
    let map = try ImageFile.readLabels(path: folder + "/out/regions.png")
    #expect(map.labels == mask.labels.map { (v: UInt16) -> UInt16 in v == 0 ? 0 : 1 })
    let count = map.labels.reduce(0) { $0 + Int($1) }
    #expect(count > 0 && region["voxels"]?.intValue == count)
  }

  @Test func slicesOfAVolume() async throws {
    let folder = try scratch()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let phantom = try Phantom.make(seed: 3, size: [40, 30, 6], spacing: [8, 8, 40])
    try NIfTIFile.write(phantom.image, path: folder + "/in.nii.gz")
    let (slices, written) = try await write(
      ["--slice", "4", "--slice", "1", "--slice", "4", "--grid", "3"], folder + "/in.nii.gz",
      modality: "CT", to: folder + "/out")
    #expect(
      written.files == [
        "region_001_liver.nii.gz", "region_002_liver.nii.gz", "regions.nii.gz", "overlay_1.png",
        "overlay_4.png", "result.json",
      ])
    let map = try ImageFile.readLabels(path: folder + "/out/regions.nii.gz")
    #expect(map.width == 40 && map.height == 30 && map.depth == 6)
    let viewed = try slices.view.view(map)
    for k in 0..<6 {
      let here = Set(viewed.labels[k * 1200..<(k + 1) * 1200])
      let wanted: Set<UInt16> = k == 1 ? [0, 1] : k == 4 ? [0, 2] : [0]
      #expect(here == wanted)
    }
    for (n, slice) in [1, 4].enumerated() {
      let region = try #require(written.result["regions"]?[n])
      #expect(region["slice"]?.intValue == slice)
      let count = map.labels.count { $0 == UInt16(n + 1) }
      #expect(region["voxels"]?.intValue == count)
      #expect(abs((region["area_mm2"]?.doubleValue ?? 0) - Double(count * 64)) < 1)
      let box = (region["bbox"]?.arrayValue ?? []).compactMap(\.intValue)
      let point = (region["points"]?[0]?.arrayValue ?? []).compactMap(\.intValue)
      try #require(box.count == 6 && point.count == 3)
      #expect(box[5] - box[2] == 1 && point[2] == box[2])
      let mask = try ImageFile.read(path: folder + "/out/region_00\(n + 1)_liver.nii.gz")
      #expect(mask.affine == slices.image.affine)
      #expect(Int(mask.samples.reduce(0, +)) == count)
    }
  }

  @Test func nothingThere() async throws {
    let folder = try scratch()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try ImageFile.writePNG(
      gray: [UInt8](repeating: 0, count: 64), width: 8, height: 8, path: folder + "/in.png")
    let (_, written) = try await write([], folder + "/in.png", to: folder + "/out")
    #expect(written.files == ["regions.png", "overlay.png", "result.json"])
    #expect(written.result["regions"]?.arrayValue?.isEmpty == true)
  }

  private func refusal(
    _ file: InputFile, _ image: MedicalImage, _ chosen: [Int]
  ) -> Failure? {
    do throws(Failure) {
      _ = try EverythingSlices(file, image: image, chosen: chosen)
      return nil
    } catch {
      return error
    }
  }

  @Test func slicesMustBeSaid() throws {
    let folder = try scratch()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let phantom = try Phantom.make(seed: 3, size: [20, 16, 6], spacing: [8, 8, 40])
    try NIfTIFile.write(phantom.image, path: folder + "/in.nii")
    try ImageFile.writePNG(
      gray: [UInt8](repeating: 9, count: 64), width: 8, height: 8, path: folder + "/in.png")
    let file = try InputFile(path: folder + "/in.nii")
    let image = try file.image(modality: nil)
    let unsaid = try #require(refusal(file, image, []))
    #expect(unsaid.status == .badInput && unsaid.message.contains("--slice 3"))
    let wrong = try #require(refusal(file, image, [2, 6]))
    #expect(wrong.message.contains("0 to 5"))
    let flat = try InputFile(path: folder + "/in.png")
    #expect(refusal(flat, try flat.image(modality: nil), [0])?.status == .badInput)
    #expect(try EverythingSlices(file, image: image, chosen: [2]).chosen == [2])
  }

  @Test(arguments: [
    ["--everything", "-c", "liver"], ["--everything", "--box", "0,0,3,3"],
    ["--everything", "--point", "1,1,1"], ["--everything", "--free-text", "x"],
    ["--everything", "--grid", "0"], ["--everything", "--grid", "1000"],
    ["--everything", "--least-score", "1.5"], ["--everything", "--overlap", "-0.1"],
    ["--everything", "--presence-threshold", "0.1"], ["-c", "liver", "--slice", "3"], [],
  ])
  func badArguments(_ arguments: [String]) {
    #expect(throws: (any Error).self) {
      _ = try SegsamCommand.parseAsRoot(["segment", "in.png", "-o", "out"] + arguments)
    }
  }

  @Test func names() {
    #expect(EverythingOutput.name(7, "liver", 12) == "region_007_liver")
    #expect(EverythingOutput.name(7, nil, 12_345) == "region_00007_object")
    #expect(EverythingOutput.name(1234, "../x", 1) == "region_1234____x")
  }
}
