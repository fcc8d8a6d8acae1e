import ArgumentParser
import Foundation
import Imaging
import Testing

@testable import segsam

@Suite("segsam corpus")
struct CorpusCommandTests {
  @Test func arguments() throws {
    let command = try #require(
      try SegsamCommand.parseAsRoot(["corpus", "data", "--quick", "--json"]) as? CorpusCommand)
    #expect((command.directory, command.quick, command.json) == ("data", true, true))
    #expect(throws: (any Error).self) { try SegsamCommand.parseAsRoot(["corpus"]) }
  }

  @Test("ends with 65 where there is no data set, or something is wrong in one")
  func status() async throws {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("corpus-command-\(UUID().uuidString)")
    let images = folder.appendingPathComponent("images")
    try FileManager.default.createDirectory(at: images, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    #expect(try await failure(folder)?.status == .badInput)
    let masks = folder.appendingPathComponent("masks")
    try FileManager.default.createDirectory(at: masks, withIntermediateDirectories: true)
    try Data(#"{"labels": {"1": "liver"}, "modality": "US"}"#.utf8)
      .write(to: folder.appendingPathComponent("labels.json"))
    try ImageFile.writePNG(
      gray: [0, 50, 100, 150], width: 2, height: 2,
      path: images.appendingPathComponent("a.png").path)
    let mask = masks.appendingPathComponent("a.png").path
    try ImageFile.writePNG(
      labels: LabelMap(width: 2, height: 2, labels: [0, 1, 0, 1]), path: mask)
    #expect(try await failure(folder) == nil)
    try ImageFile.writePNG(
      labels: LabelMap(width: 2, height: 2, labels: [0, 1, 0, 2]), path: mask)
    let wrong = try #require(try await failure(folder))
    #expect(wrong.status == .badInput && wrong.message.contains("1 problem"))
    #expect(try await failure(folder, ["--quick"]) == nil)
  }

  private func failure(_ folder: URL, _ more: [String] = []) async throws -> Failure? {
    let command = try CorpusCommand.parse([folder.path, "--json"] + more)
    do {
      try await command.run()
      return nil
    } catch {
      return Failure(running: error)
    }
  }
}
