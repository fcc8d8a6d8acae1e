import Foundation
import Testing

@testable import ZeroMQ

struct CurveKeyFileTests {
  /// A folder of its own, gone after.
  final class Folder {
    let url = FileManager.default.temporaryDirectory
      .appendingPathComponent("curve-\(UUID().uuidString)")
    init() throws {
      try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }
    deinit { try? FileManager.default.removeItem(at: url) }
    func path(_ name: String) -> String { url.appendingPathComponent(name).path }
    var names: [String] { (try? FileManager.default.contentsOfDirectory(atPath: url.path)) ?? [] }

    func write(_ text: String, mode: Int = 0o600) throws -> String {
      let path = path("file")
      try Data(text.utf8).write(to: URL(fileURLWithPath: path))
      try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
      return path
    }
  }

  let folder: Folder
  let pair: CurveKeyPair

  init() throws {
    folder = try Folder()
    pair = try CurveKeyPair.generate()
  }

  func mode(_ path: String) throws -> Int? {
    try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
  }

  @Test func comesBack() throws {
    let path = folder.path("key")
    try CurveKeyFile.create(path, for: pair, comment: "of a test\nsecret x")
    #expect(try mode(path) == 0o600)
    #expect(try CurveKeyFile.load(path) == pair)
    #expect(folder.names == ["key"])
  }

  @Test func isNotOverwritten() throws {
    let path = folder.path("key")
    try CurveKeyFile.create(path, for: pair, comment: "")
    let error = #expect(throws: KeyFileError.self) {
      try CurveKeyFile.create(path, for: try CurveKeyPair.generate(), comment: "")
    }
    #expect(error?.code == .exists)
    #expect(try CurveKeyFile.load(path) == pair)
    #expect(folder.names == ["key"])
  }

  @Test(arguments: [0o640, 0o604, 0o660, 0o606, 0o610, 0o644, 0o777])
  func mustBeClosedToOthers(mode: Int) throws {
    let path = try folder.write("secret \(pair.secretKey.revealed)", mode: mode)
    let error = #expect(throws: KeyFileError.self) { try CurveKeyFile.load(path) }
    #expect(error?.code == .exposed && error?.message.contains("chmod 600") == true)
  }

  @Test(arguments: [0o600, 0o400]) func modesThatDo(mode: Int) throws {
    let path = try folder.write("# mine\n\n secret\t\(pair.secretKey.revealed)\r\n", mode: mode)
    #expect(try CurveKeyFile.load(path) == pair)
  }

  @Test func brokenLines() throws {
    let (key, secret) = (pair.publicKey.text, pair.secretKey.revealed)
    let other = try CurveKeyPair.generate().publicKey.text
    for (text, place) in [
      ("", "no line"), ("public \(key)", "no line"), ("\nprivate \(secret)", "line 2"),
      ("secret \(secret.dropLast())", "line 1"), ("secret \(secret) x", "line 1"),
      ("secret", "line 1"), ("secret \(secret)\nsecret \(secret)", "line 2"),
      ("public \(key)\n# x\npublic \(key)", "line 3"),
      ("public \(other)\nsecret \(secret)", "belong together"), (secret, "line 1"),
    ] {
      let path = try folder.write(text)
      let error = #expect(throws: KeyFileError.self) { try CurveKeyFile.load(path) }
      #expect(error?.code == .malformed)
      #expect(error?.message.contains(place) == true, "\(error?.message ?? "none")")
      #expect(error?.message.contains(secret.prefix(20)) == false)
    }
  }

  @Test func whatIsNoFile() throws {
    #expect(mkfifo(folder.path("pipe"), 0o600) == 0)
    for path in [folder.path("nothing"), folder.url.path, folder.path("pipe")] {
      let error = #expect(throws: KeyFileError.self) { try CurveKeyFile.load(path) }
      #expect(error?.code == .unreadable)
    }
    let error = #expect(throws: KeyFileError.self) {
      try CurveKeyFile.create(folder.path("no/key"), for: pair, comment: "")
    }
    #expect(error?.code == .unwritable)
    let large = try folder.write(String(repeating: "#", count: 2 << 20))
    #expect(throws: KeyFileError.self) { try CurveKeyFile.load(large) }
    try Data([0xff, 0xfe]).write(to: URL(fileURLWithPath: large))
    #expect(throws: KeyFileError.self) { try CurveKeyFile.load(large) }
  }

  @Test func editsKeepModeAndLink() throws {
    let path = try folder.write("old", mode: 0o640)
    let link = folder.path("link")
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "file")
    let file = GuardedFile(link, secrecy: .unwritable)
    try file.edit { $0.map { $0 + " and new" } }
    #expect(try GuardedFile(path, secrecy: .unwritable).read() == "old and new")
    #expect(try mode(path) == 0o640)
    try file.edit { _ in nil }
    #expect(try file.read() == "old and new")
    #expect(Set(folder.names) == ["file", "link"])
    let made = GuardedFile(folder.path("made"), secrecy: .unwritable)
    try made.edit { $0 ?? "first" }
    #expect(try mode(made.path) == 0o644)
  }

  /// No edit is lost where many come at once.
  @Test func editsTakeTurns() async throws {
    let file = GuardedFile(folder.path("list"), secrecy: .unwritable)
    await withTaskGroup { group in
      for _ in 0..<20 {
        group.addTask { try? file.edit { ($0 ?? "") + "x" } }
      }
    }
    #expect(try file.read() == String(repeating: "x", count: 20))
    #expect(folder.names == ["list"])
  }
}
