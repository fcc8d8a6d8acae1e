import Foundation
import SegSAM

/// A folder that comes to be as a whole: its files are written beside it, and it is renamed when they
/// are all there.
final class BundleFolder {
  /// Where to write the files.
  let staging: URL
  private let url: URL
  private let files = FileManager.default

  /// - Throws: `BundleError` `.invalid` if the folder is there and may not be replaced: without
  ///   `isForced`, or because it is no bundle.
  init(url: URL, isForced: Bool) throws {
    self.url = url
    if files.fileExists(atPath: url.path) {
      guard isForced else {
        throw BundleError(
          .invalid, "\(url.path) is there already: choose another place, or give --force")
      }
      let manifest = url.appendingPathComponent("manifest.json").path
      guard files.fileExists(atPath: manifest) else {
        throw BundleError(
          .invalid, "\(url.path) has no manifest.json and is not replaced: remove it yourself")
      }
    }
    let parent = url.deletingLastPathComponent()
    staging = parent.appendingPathComponent(".segsam-\(UUID().uuidString)", isDirectory: true)
    do {
      try files.createDirectory(at: staging, withIntermediateDirectories: true)
    } catch {
      throw Failure(
        .internalFault, "\(parent.path) cannot be written: is it a folder, and may you write there?"
      )
    }
  }

  deinit { try? files.removeItem(at: staging) }

  /// Puts the folder in its place; the one that it replaces is there until then.
  func commit() throws {
    let old = staging.appendingPathExtension("old")
    let replaces = files.fileExists(atPath: url.path)
    do {
      if replaces { try files.moveItem(at: url, to: old) }
      do {
        try files.moveItem(at: staging, to: url)
      } catch {
        if replaces { try? files.moveItem(at: old, to: url) }
        throw error
      }
    } catch {
      throw Failure(
        .internalFault, "\(url.path) cannot be written: \(error.localizedDescription)")
    }
    try? files.removeItem(at: old)
  }
}
