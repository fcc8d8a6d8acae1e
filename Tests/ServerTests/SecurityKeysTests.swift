import BusProtocol
import Foundation
import Testing
import ZeroMQ

@testable import Server

/// Who is listed, in memory and on disk.
struct SecurityKeysTests {
  /// A list of its own, gone after.
  final class File: Sendable {
    let path = FileManager.default.temporaryDirectory
      .appendingPathComponent("clients-\(UUID().uuidString)").path
    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ text: String, mode: Int = 0o600) throws {
      try Data(text.utf8).write(to: URL(fileURLWithPath: path))
      try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
    }
  }

  let file = File()
  let keys: [CurvePublicKey]

  init() throws { keys = try (0..<4).map { _ in try CurveKeyPair.generate().publicKey } }

  func client(_ n: Int, _ roles: Set<Role> = [.query], _ name: String? = nil) -> ClientKey {
    ClientKey(publicKey: keys[n], roles: roles, name: name ?? "client-\(n)")
  }

  @Test func linesAndComments() throws {
    let text = """
      # who may ask

      \(keys[0]) query ward-3 # until spring
        \(keys[1])\tstream,query\t左肾\r
      #\(keys[2]) query gone
      \(keys[3]) admin it@night
      """
    let list = try ClientKeysFile(text, path: "f")
    #expect(
      list.clients == [
        client(0, [.query], "ward-3"), client(1, [.query, .stream], "左肾"),
        client(3, [.admin], "it@night"),
      ])
    #expect(list.text.split(separator: "\n").first == "# who may ask")
    #expect(try ClientKeysFile(list.text, path: "f") == list)
    #expect(try ClientKeysFile("", path: "f").clients.isEmpty)
  }

  @Test func brokenLinesAreTold() throws {
    let good = "\(keys[0]) query a"
    for (line, why) in [
      ("nonsense query b", "public key"), ("\(keys[1])x query b", "public key"),
      ("\(keys[1])", "roles"), ("\(keys[1]) root b", "query, stream, admin"),
      ("\(keys[1]) query, b", "roles"), ("\(keys[1]) query", "name"),
      ("\(keys[1]) query a/b", "name"), ("\(keys[1]) query \(keys[2])", "name"),
      ("\(keys[1]) query b c", "follows"), ("\(keys[0]) query b", "line 2 already"),
      ("\(keys[1]) query a", "line 2 already"),
    ] {
      let error = #expect(throws: KeyFileError.self) {
        try ClientKeysFile("# list\n\(good)\n\(line)\n", path: "some/list")
      }
      #expect(error?.code == .malformed)
      #expect(error?.message.hasPrefix("some/list, line 3") == true)
      #expect(error?.message.contains(why) == true, "\(error?.message ?? "none")")
      #expect(error?.message.contains(keys[1].text) == false)
    }
  }

  @Test func allowAndRevoke() throws {
    var list = try ClientKeysFile(
      "# first\n\(keys[0]) query a # stays\n# last\n", path: "f")
    try list.allow(client(1, [.query, .admin], "b"))
    try list.allow(client(0, [.stream], "a"))
    let text = "# first\n\(keys[0]) stream a # stays\n# last\n\(keys[1]) query,admin b\n"
    #expect(list.text == text)
    try list.allow(client(1, [.admin, .query], "b"))
    #expect(list.text == text)
    #expect(throws: KeyFileError.self) { try list.allow(client(2, [.query], "a")) }
    #expect(throws: KeyFileError.self) { try list.allow(client(2, [], "c")) }
    #expect(throws: KeyFileError.self) { try list.allow(client(2, [.query], "c\nd")) }
    #expect(list.revoke("nobody") == nil && list.revoke(keys[2].text) == nil)
    #expect(list.revoke("b")?.publicKey == keys[1])
    #expect(list.revoke(keys[0].text)?.name == "a")
    #expect(list.text == "# first\n# last\n")
  }

  @Test(arguments: [0o620, 0o602, 0o666]) func othersMayNotWriteIt(mode: Int) throws {
    try file.write("\(keys[0]) query a\n", mode: mode)
    let error = #expect(throws: KeyFileError.self) { try ClientKeysFile.load(file.path) }
    #expect(error?.code == .exposed && error?.message.contains("chmod go-w") == true)
    #expect(throws: KeyFileError.self) { try ClientKeysFile.edit(file.path) { _ in } }
  }

  @Test(arguments: [0o600, 0o644, 0o444]) func othersMayReadIt(mode: Int) throws {
    try file.write("\(keys[0]) query a\n", mode: mode)
    #expect(try ClientKeysFile.load(file.path).clients == [client(0, [.query], "a")])
  }

  @Test func editsOfTheFile() throws {
    #expect(throws: KeyFileError.self) { try ClientKeysFile.load(file.path) }
    #expect(throws: KeyFileError.self) { try ClientKeysFile.edit(file.path) { _ in } }
    for n in 0..<3 {
      try ClientKeysFile.edit(file.path, isNew: true) { list throws(KeyFileError) in
        try list.allow(client(n))
      }
    }
    try ClientKeysFile.edit(file.path) { _ = $0.revoke("client-1") }
    #expect(try ClientKeysFile.load(file.path).clients == [client(0), client(2)])
    // What fails changes nothing.
    #expect(throws: KeyFileError.self) {
      try ClientKeysFile.edit(file.path) { list throws(KeyFileError) in
        _ = list.revoke("client-0")
        try list.allow(client(3, [.query], "client-2"))
      }
    }
    #expect(try ClientKeysFile.load(file.path).clients == [client(0), client(2)])
  }

  @Test func longLists() throws {
    let many = try (0...ClientKeysFile.limit).map { n in
      var raw = [UInt8](repeating: 1, count: 32)
      (raw[0], raw[1]) = (UInt8(n >> 8), UInt8(n & 255))
      let key = try #require(
        ZAPRequest(domain: "", mechanism: "CURVE", credentials: [raw]).clientKey)
      return "\(key) query n\(n)\n"
    }
    #expect(throws: KeyFileError.self) { try ClientKeysFile(many.joined(), path: "f") }
    let list = try ClientKeysFile(many.dropLast().joined(), path: "f")
    let ring = ClientKeys(list.clients)
    for n in [0, 1, 500, ClientKeysFile.limit - 1] {
      #expect(ring.client(with: list.clients[n].publicKey)?.name == "n\(n)")
    }
    #expect(ring.client(with: keys[0]) == nil)
  }

  /// The table of protocol.md, "Methods".
  @Test func rolesOfMethods() {
    let others: [BusProtocol.Method: Role] = [.streamReplay: .stream, .modelReload: .admin]
    for method in BusProtocol.Method.allCases {
      #expect(method.role == others[method] ?? .query)
    }
  }
}
