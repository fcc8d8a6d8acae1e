import Glibc

/// One server's claim on a database of the folder, for as long as it lives.
///
/// A flock on a file of its own, since SQLite's locks are held only while it reads or writes, and
/// two servers with one journal would answer the same requests twice. The kernel drops it with the
/// process, however that ends; the file stays, and means nothing by itself.
struct FolderLock: ~Copyable {
  private let descriptor: Int32

  /// `.locked` where another process, or another journal of this one, has it.
  init(path: String) throws(JournalError) {
    let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard file >= 0 else {
      throw JournalError(.failed, "\(path): \(String(cString: strerror(errno)))")
    }
    guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
      let code = errno
      let holder = Self.holder(file)
      close(file)
      guard code == EWOULDBLOCK else {
        throw JournalError(.failed, "\(path) cannot be locked: \(String(cString: strerror(code)))")
      }
      throw JournalError(
        .locked,
        "\(path): another server\(holder) uses this journal; stop it, or give each its own folder")
    }
    // For the message above only, so that it does not matter whether it succeeds.
    let text = Array("\(getpid())\n".utf8)
    if ftruncate(file, 0) == 0 { _ = pwrite(file, text, text.count, 0) }
    descriptor = file
  }

  deinit { close(descriptor) }

  private static func holder(_ file: Int32) -> String {
    var bytes = [UInt8](repeating: 0, count: 20)
    let count = pread(file, &bytes, bytes.count, 0)
    let digits = bytes.prefix(max(0, count)).prefix { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
    return digits.isEmpty ? "" : " (process \(String(decoding: digits, as: UTF8.self)))"
  }
}
