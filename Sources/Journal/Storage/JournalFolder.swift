import Foundation
import Glibc

/// The folder of the journal: private to the server's user, since it holds patients' images.
enum JournalFolder {
  /// Makes the folder where there is none. One that is there keeps its mode.
  static func prepare(_ folder: URL) throws(JournalError) -> URL {
    let folder = folder.standardizedFileURL
    let path = folder.path(percentEncoded: false)
    var isFolder: ObjCBool = false
    if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) {
      guard isFolder.boolValue else {
        throw JournalError(.failed, "\(path) is no folder; give the journal one")
      }
      return folder
    }
    do {
      try FileManager.default.createDirectory(
        at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    } catch {
      throw JournalError(.failed, "the folder \(path) cannot be made", cause: error)
    }
    synchronize(folder.deletingLastPathComponent())
    return folder
  }

  /// Puts the names of new files on the disk. Not every file system can, and none needs it but for a
  /// power cut in the first seconds of a journal's life.
  static func synchronize(_ folder: URL) {
    let descriptor = open(
      folder.path(percentEncoded: false), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    fsync(descriptor)
    close(descriptor)
  }
}
