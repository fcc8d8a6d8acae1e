import Foundation

/// Collects files beside their place and moves them there together: who looks into the folder sees
/// whole files only, and after a failure those of before.
final class OutputFolder {
  let url: URL
  private let staging: URL
  private var names: [String] = []
  private let files = FileManager.default

  init(path: String) throws(Failure) {
    url = URL(fileURLWithPath: path, isDirectory: true)
    staging = url.appendingPathComponent(".segsam-\(UUID().uuidString)", isDirectory: true)
    do {
      try files.createDirectory(at: staging, withIntermediateDirectories: true)
    } catch {
      throw Failure(
        .internalFault, "\(path) cannot be written: is it a folder, and may you write there?")
    }
  }

  deinit { try? files.removeItem(at: staging) }

  /// Where to write the file now.
  func path(for name: String) -> String {
    if !names.contains(name) { names.append(name) }
    return staging.appendingPathComponent(name).path
  }

  func write(_ text: String, to name: String) throws(Failure) {
    try write(Array(text.utf8), to: name)
  }

  func write(_ bytes: [UInt8], to name: String) throws(Failure) {
    do {
      try Data(bytes).write(to: URL(fileURLWithPath: path(for: name)))
    } catch {
      throw Failure(.internalFault, "\(name) cannot be written: \(error.localizedDescription)")
    }
  }

  /// Moves the files to their place, in the order in which they were written: what lists the
  /// others comes last.
  func commit() throws(Failure) {
    for name in names {
      let source = staging.appendingPathComponent(name).path
      guard rename(source, url.appendingPathComponent(name).path) == 0 else {
        let reason = String(cString: strerror(errno))
        throw Failure(.internalFault, "\(url.path)/\(name) cannot be written: \(reason)")
      }
    }
    try? files.removeItem(at: staging)
  }
}
