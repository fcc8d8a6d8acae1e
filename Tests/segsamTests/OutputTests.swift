import Foundation
import Imaging
import JSONC
import Synchronization
import Testing

@testable import segsam

@Suite("Output")
struct OutputTests {
  @Test func maskNames() {
    let names = MaskNames.make(
      ["liver", "liver", nil, nil, "semantic_mask", "../etc", "liver"],
      isFreeText: [false, false, false, true, false, false, false])
    #expect(
      names == [
        "liver", "liver-2", "object", "free_text", "semantic_mask-2", "___etc", "liver-3",
      ])
  }

  @Test func tableLinesUp() {
    var table = Table([.init("query"), .init("n", .right)])
    table.add(["左肾", "7"])
    table.add(["spleen", "1234"])
    #expect(table.lines == ["query      n", "──────  ────", "左肾       7", "spleen  1234"])
  }

  @Test func progressInLines() {
    let lines = Mutex<[String]>([])
    let progress = Progress("segmenting", unit: "slices", isTerminal: false) { text in
      lines.withLock { $0.append(text) }
    }
    for done in 1...40 { progress.advance(done, of: 40) }
    progress.advance(41, of: 40)
    progress.end()
    let said = lines.withLock { $0 }
    #expect(said.count == 10)
    #expect(said.last == "segmenting: 40 of 40 slices\n")
  }

  @Test func progressAsBar() {
    let text = Mutex("")
    let progress = Progress("x", unit: "slices", isTerminal: true) { part in
      text.withLock { $0 += part }
    }
    progress.advance(1, of: 2)
    progress.end()
    let said = text.withLock { $0 }
    #expect(said.hasPrefix("\rx " + String(repeating: "█", count: 15)))
    #expect(said.hasSuffix("\r\u{1b}[K"))
  }

  @Test func oneOfOneIsNoProgress() {
    let progress = Progress("x", unit: "slices", isTerminal: true) { _ in Issue.record("said") }
    progress.advance(1, of: 1)
    progress.end()
  }

  @Test func prettyJSON() throws {
    let value: JSONValue = [
      "a": [1, 2], "b": ["c": "x\"y", "d": nil], "e": [], "f": [["g": 1]], "h": [:],
    ]
    let text = try value.pretty()
    #expect(text.contains("  \"a\": [1, 2],\n"))
    #expect(try JSONValue(parsing: text) == value)
  }

  @Test func folderIsWholeOrUntouched() throws {
    let path = FileManager.default.temporaryDirectory
      .appendingPathComponent("segsam-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    do {
      let folder = try OutputFolder(path: path)
      try folder.write("half", to: "a.txt")
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: path) == [])
    let folder = try OutputFolder(path: path)
    try folder.write("whole", to: "a.txt")
    try folder.commit()
    #expect(try FileManager.default.contentsOfDirectory(atPath: path) == ["a.txt"])
    #expect(try String(contentsOfFile: path + "/a.txt", encoding: .utf8) == "whole")
  }

  @Test func fullestSlice() {
    var mask = BinaryMask(width: 2, height: 2, depth: 3)
    #expect(OverlayPicture.fullest([mask], slices: 3) == 1)
    mask.voxels[8] = 1
    mask.voxels[0] = 1
    mask.voxels[9] = 1
    #expect(OverlayPicture.fullest([mask], slices: 3) == 2)
  }
}
