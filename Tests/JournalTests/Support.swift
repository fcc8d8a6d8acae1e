import Foundation
import Glibc
import Journal
import Testing

/// A folder of its own, gone with this.
final class Scratch: Sendable {
  let url: URL

  init() throws {
    url = FileManager.default.temporaryDirectory
      .appending(path: "segsam-journal-\(UUID().uuidString)", directoryHint: .isDirectory)
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  /// One that is not there yet.
  func folder(_ name: String = "journal") -> URL {
    url.appending(path: name, directoryHint: .isDirectory)
  }

  func file(_ name: String) -> URL { folder().appending(path: name, directoryHint: .notDirectory) }

  /// What a kill would leave on the disk: the files as they are now, without their shared memory.
  func copyAsKilled(_ name: String) throws -> URL {
    let copy = folder("copy")
    try FileManager.default.createDirectory(at: copy, withIntermediateDirectories: true)
    for suffix in ["sqlite", "sqlite-wal"] {
      try FileManager.default.copyItem(
        at: file("\(name).\(suffix)"),
        to: copy.appending(path: "\(name).\(suffix)", directoryHint: .notDirectory))
    }
    return copy
  }

  /// Puts other bytes of the same number in the place of some, wherever they are in the file.
  func replace(_ old: String, with new: String, in name: String) throws {
    var data = try Data(contentsOf: file(name))
    var start = data.startIndex
    var count = 0
    while let found = data.range(of: Data(old.utf8), in: start..<data.endIndex) {
      data.replaceSubrange(found, with: Data(new.utf8))
      start = found.upperBound
      count += 1
    }
    #expect(count > 0 && old.utf8.count == new.utf8.count)
    try data.write(to: file(name))
  }
}

func mode(_ url: URL) -> mode_t? {
  var status = stat()
  return stat(url.path(percentEncoded: false), &status) == 0 ? status.st_mode & 0o777 : nil
}

/// The code with which a call failed; nil where it did not.
func code<Value>(_ body: () throws(JournalError) -> Value) -> JournalError.Code? {
  do {
    _ = try body()
    return nil
  } catch {
    return error.code
  }
}

func date(_ seconds: Double) -> Date { Date(timeIntervalSinceReferenceDate: 800_000_000 + seconds) }

/// So that what is random is the same each time (SplitMix64).
struct Seeded: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var bits = state
    bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
    bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
    return bits ^ (bits >> 31)
  }
}

extension JournalKey {
  static func test(_ id: String) -> JournalKey { JournalKey(owner: "client a", id: id) }
}

extension PendingRequest {
  static func test(
    _ id: String, digest: [UInt8] = [1, 2, 3], bytes: Int = 10, arrival: Double = 0
  ) -> PendingRequest {
    PendingRequest(
      key: .test(id), request: "server-\(id)", digest: digest,
      frames: [Array("{}".utf8), [], [UInt8](repeating: 7, count: bytes)],
      arrival: date(arrival + 0.123_456_789))
  }
}

extension JournalAnswer {
  static func test(
    _ text: String, digest: [UInt8] = [1, 2, 3], at seconds: Double = 0
  ) -> JournalAnswer {
    JournalAnswer(digest: digest, frames: [Array(text.utf8), []], time: date(seconds))
  }
}
