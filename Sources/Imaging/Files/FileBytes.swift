import Glibc

/// Whole files, read within a limit and written so that a reader never sees half of one.
enum FileBytes {
  static func read(
    _ path: String, limit: Int, followsLinks: Bool = true
  ) throws(ImagingError) -> [UInt8] {
    // O_NONBLOCK: opening a pipe must not wait for its writer.
    let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | (followsLinks ? 0 : O_NOFOLLOW))
    guard file >= 0 else {
      throw ImagingError(.unreadable, "\(path): \(String(cString: strerror(errno)))")
    }
    defer { close(file) }
    var about = stat()
    guard fstat(file, &about) == 0, about.st_mode & S_IFMT == S_IFREG else {
      throw ImagingError(.unreadable, "\(path) is not a file")
    }
    guard about.st_size <= limit else {
      throw ImagingError(.tooLarge, "\(path) has \(about.st_size) bytes, the limit is \(limit)")
    }
    let size = Int(about.st_size)
    var failed: Int32 = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      while count < size {
        let got = Glibc.read(file, buffer.baseAddress! + count, size - count)
        if got < 0 && errno == EINTR { continue }
        if got < 0 { failed = errno }
        if got <= 0 { break }
        count += got
      }
    }
    guard failed == 0 else {
      throw ImagingError(.unreadable, "\(path): \(String(cString: strerror(failed)))")
    }
    return bytes
  }

  /// Writes beside the target, then renames: the target is the old file or the whole new one.
  static func write(_ bytes: [UInt8], to path: String) throws(ImagingError) {
    let part = "\(path).\(getpid())-\(UInt32.random(in: 0 ... .max)).part"
    let file = open(part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    guard file >= 0 else {
      throw ImagingError(.unwritable, "\(path): \(String(cString: strerror(errno)))")
    }
    let failed: Int32 = bytes.withUnsafeBytes { buffer in
      var done = 0
      while done < buffer.count {
        let n = Glibc.write(file, buffer.baseAddress! + done, buffer.count - done)
        if n < 0 && errno == EINTR { continue }
        if n <= 0 { return errno }
        done += n
      }
      return 0
    }
    let closed = close(file) == 0 ? 0 : errno
    guard failed == 0, closed == 0, rename(part, path) == 0 else {
      let reason = failed != 0 ? failed : closed != 0 ? closed : errno
      unlink(part)
      throw ImagingError(.unwritable, "\(path): \(String(cString: strerror(reason)))")
    }
  }
}
