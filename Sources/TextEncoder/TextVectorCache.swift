import Foundation

/// Sentence vectors on disk, a file each, named by the hash of text and encoder.
///
/// Several processes can share a directory: a file appears whole, by renaming, and a damaged one is
/// taken for absent. A directory that cannot be written costs time, not the answer. What clients may
/// type has no end, the directory has: past `limit` vectors, 1.6 KB each, the oldest make room.
public struct TextVectorCache: Sendable {
  public let directory: String
  /// About how many vectors are kept: they lie in 256 folders, each of which holds its share.
  public let limit: Int

  public init(directory: String, limit: Int = 65_536) {
    (self.directory, self.limit) = (directory, limit)
  }

  /// `SEGSAM_CACHE_DIR`, or `segsam` in the user's cache directory.
  public static var standard: TextVectorCache? {
    let environment = ProcessInfo.processInfo.environment
    func directory(_ name: String) -> String? {
      environment[name].flatMap { $0.isEmpty ? nil : $0 }
    }
    let base =
      directory("SEGSAM_CACHE_DIR") ?? directory("XDG_CACHE_HOME").map { "\($0)/segsam" }
      ?? directory("HOME").map { "\($0)/.cache/segsam" }
    return base.map { TextVectorCache(directory: "\($0)/text") }
  }

  /// The vector that was kept, or nil.
  func vector(of text: String, encoder: String) -> [Float]? {
    guard
      let data = try? Data(contentsOf: URL(fileURLWithPath: path(text, encoder))),
      data.count == 32 + 4 * TextEncoder.width
    else { return nil }
    let bytes = [UInt8](data)
    let payload = Array(bytes[32...])
    guard SHA256.hash(payload) == Array(bytes[..<32]) else { return nil }
    return (0..<TextEncoder.width).map { i in
      let bits = (0..<4).reversed().reduce(UInt32(0)) { $0 << 8 | UInt32(payload[4 * i + $1]) }
      return Float(bitPattern: bits)
    }
  }

  /// Keeps a vector for later; a failure is of no consequence.
  func keep(_ vector: [Float], of text: String, encoder: String) {
    var payload: [UInt8] = []
    for value in vector {
      withUnsafeBytes(of: value.bitPattern.littleEndian) { payload.append(contentsOf: $0) }
    }
    let target = path(text, encoder)
    let folder = URL(fileURLWithPath: target).deletingLastPathComponent()
    let temporary = "\(target).\(UUID().uuidString).tmp"
    do {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      try Data(SHA256.hash(payload) + payload).write(to: URL(fileURLWithPath: temporary))
    } catch {
      try? FileManager.default.removeItem(atPath: temporary)
      return
    }
    if rename(temporary, target) != 0 { try? FileManager.default.removeItem(atPath: temporary) }
    prune(folder)
  }

  /// Takes the oldest files out of a folder that holds more than its share, down to three quarters.
  private func prune(_ folder: URL) {
    let share = max(1, limit / 256)
    let files = FileManager.default
    guard
      let found = try? files.contentsOfDirectory(
        at: folder, includingPropertiesForKeys: [.contentModificationDateKey]),
      found.count > share
    else { return }
    let byAge = found.map { file -> (file: URL, date: Date) in
      let values = try? file.resourceValues(forKeys: [.contentModificationDateKey])
      return (file, values?.contentModificationDate ?? .distantPast)
    }.sorted { $0.date < $1.date }
    // Another process may have been quicker.
    for old in byAge.prefix(found.count - max(1, share * 3 / 4)) {
      try? files.removeItem(at: old.file)
    }
  }

  func path(_ text: String, _ encoder: String) -> String {
    // The encoder's id has a fixed alphabet without a line feed: no two pairs run together.
    let digest = SHA256.hash(Array("\(encoder)\n\(text)".utf8)).map { hexadecimal($0) }
    return "\(directory)/\(digest[0])/\(digest.dropFirst().joined())"
  }
}
