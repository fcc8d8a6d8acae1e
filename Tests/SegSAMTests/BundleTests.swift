import Foundation
import SegSAM
import Testing

@Suite("Bundles")
struct BundleTests {
  private func folder() throws -> URL {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("segsam-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    return folder
  }

  @Test("are read as they were written, in half precision")
  func roundTrip() throws {
    let folder = try folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let manifest = TinyModel.manifest()
    let weights: [String: (shape: [Int], values: [Float])] = [
      "a": ([2, 2], [1, -2.5, 0.333, 4]), "b": ([1], [7]),
    ]
    try ModelBundle.save(manifest: manifest, weights: weights, to: folder)
    let read = try ModelBundle.load(directory: folder)
    #expect(read.manifest == manifest)
    #expect(read.weights["a"]?.shape == [2, 2])
    #expect(read.weights["a"]?.values[1] == -2.5)
    #expect(abs((read.weights["a"]?.values[2] ?? 0) - 0.333) < 2e-4)
  }

  @Test(
    "with a broken manifest are refused, saying which file",
    arguments: [
      "", "{}", "[1]", #"{"format": "segsam-bundle/9"}"#,
      #""network""#,
    ])
  func broken(_ text: String) throws {
    let folder = try folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    try Data(text.utf8).write(to: folder.appendingPathComponent("manifest.json"))
    let error = #expect(throws: BundleError.self) { try ModelBundle.load(directory: folder) }
    #expect(error?.code == .invalid)
    #expect(error?.message.contains("manifest.json") == true)
  }

  @Test(
    "with sizes that cannot be are refused",
    arguments: [
      #""imageSize":50"#, #""imageSize":1073741824"#, #""width":-4"#, #""heads":3"#,
      #""stages":[8]"#, #""points":1"#, #""depth":1000000"#,
    ])
  func sizes(_ wrong: String) throws {
    let folder = try folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    try ModelBundle.save(manifest: TinyModel.manifest(), weights: [:], to: folder)
    let file = folder.appendingPathComponent("manifest.json")
    let key = String(wrong.prefix { $0 != ":" })
    let text = try String(contentsOf: file, encoding: .utf8)
    let pattern = try Regex("\(key) : (\\[[^\\]]*\\]|[0-9]+)")
    let changed = text.replacing(pattern, with: wrong)
    try #require(changed != text)
    try Data(changed.utf8).write(to: file)
    let error = #expect(throws: BundleError.self) { try ModelBundle.load(directory: folder) }
    #expect(error?.code == .invalid)
  }

  @Test("without weights, or that are not there, are refused")
  func missing() throws {
    let folder = try folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    #expect(throws: BundleError.self) { try ModelBundle.load(directory: folder) }
    try ModelBundle.save(manifest: TinyModel.manifest(), weights: [:], to: folder)
    try Data("not safetensors".utf8).write(
      to: folder.appendingPathComponent("weights.safetensors"))
    let error = #expect(throws: BundleError.self) { try ModelBundle.load(directory: folder) }
    #expect(error?.message.contains("weights.safetensors") == true)
    #expect(throws: BundleError.self) { try ModelBundle.find(name: "no-such-model") }
  }
}
