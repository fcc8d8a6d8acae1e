import Glibc

extension GuardedFile {
  /// Makes the file.
  ///
  /// - Throws: `exists` where there is one, which stays as it is.
  package func create(_ text: String) throws(KeyFileError) {
    let draft = try Draft(beside: self, text, mode: secrecy.mode)
    guard link(draft.path, path) == 0 else {
      if errno == EEXIST { throw KeyFileError(.exists, "\(path) is there already") }
      throw fault(.unwritable, "cannot be written")
    }
    draft.syncFolder()
  }

  /// Changes the file, or makes it, while no other `edit` of this folder's files is under way.
  ///
  /// - Parameter change: gets the text of before, nil where there is no file; what it returns is
  ///   written unless it is nil or the same.
  package func edit(_ change: (String?) throws(KeyFileError) -> String?) throws(KeyFileError) {
    let file = GuardedFile(resolved, secrecy: secrecy)
    let folder = open(file.folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard folder >= 0 else { throw fault(.unwritable, "cannot be written") }
    defer { close(folder) }
    while flock(folder, LOCK_EX) != 0 {
      guard errno == EINTR else { throw fault(.unwritable, "cannot be locked") }
    }
    let old = try file.read()
    guard let new = try change(old), new != old else { return }
    var status = stat()
    let mode = stat(file.path, &status) == 0 ? status.st_mode & 0o777 : secrecy.mode
    let draft = try Draft(beside: file, new, mode: mode)
    guard rename(draft.path, file.path) == 0 else { throw fault(.unwritable, "cannot be written") }
    draft.syncFolder()
  }

  /// Where symbolic links lead, so that the file is replaced and not the link to it.
  private var resolved: String {
    guard let real = realpath(path, nil) else { return path }
    defer { free(real) }
    return String(cString: real)
  }

  fileprivate var folder: String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }
}

/// A file's next content, whole and on disk, under a name of its own that goes when this does.
private struct Draft: ~Copyable {
  let path: String
  private let folder: String

  init(beside file: GuardedFile, _ text: String, mode: mode_t) throws(KeyFileError) {
    var template = Array("\(file.path).XXXXXX".utf8CString)
    let handle = mkstemp(&template)
    guard handle >= 0 else { throw file.fault(.unwritable, "cannot be written") }
    let path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    let isWritten =
      Self.write(Array(text.utf8), to: handle) && fchmod(handle, mode) == 0 && fsync(handle) == 0
    let reason = errno
    close(handle)
    guard isWritten else {
      unlink(path)
      throw file.fault(.unwritable, "cannot be written", errno: reason)
    }
    self.path = path
    folder = file.folder
  }

  deinit { unlink(path) }

  /// The new name is on disk, too. That it cannot be is no error: the file is in place.
  func syncFolder() {
    let handle = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard handle >= 0 else { return }
    fsync(handle)
    close(handle)
  }

  private static func write(_ bytes: [UInt8], to handle: Int32) -> Bool {
    bytes.withUnsafeBytes { bytes in
      var done = 0
      while done < bytes.count {
        let n = Glibc.write(handle, bytes.baseAddress.map { $0 + done }, bytes.count - done)
        if n < 0 && errno == EINTR { continue }
        if n <= 0 { return false }
        done += n
      }
      return true
    }
  }
}
