import Glibc

/// A small file that security hangs on: who else can get at it is looked at, and whoever reads it
/// sees the old content or the new.
package struct GuardedFile: Sendable {
  /// What others may not do with it.
  package enum Secrecy: Sendable {
    case unreadable, unwritable

    var forbidden: mode_t { self == .unreadable ? 0o077 : 0o022 }
    /// Of a file that is made.
    var mode: mode_t { self == .unreadable ? 0o600 : 0o644 }
  }

  package let path: String
  let secrecy: Secrecy

  static let limit = 1 << 20

  package init(_ path: String, secrecy: Secrecy) {
    self.path = path
    self.secrecy = secrecy
  }

  /// The text; nil where there is no file.
  package func read() throws(KeyFileError) -> String? {
    // A pipe in its place must not hold this up.
    let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    if file < 0 && errno == ENOENT { return nil }
    guard file >= 0 else { throw fault(.unreadable, "cannot be read") }
    defer { close(file) }
    // Of what was opened, so that nobody can swap it in between.
    try check(file)
    var bytes = [UInt8](repeating: 0, count: Self.limit + 1)
    var count = 0
    while count < bytes.count {
      let read = bytes.withUnsafeMutableBytes {
        Glibc.read(file, $0.baseAddress.map { $0 + count }, $0.count - count)
      }
      if read < 0 && errno == EINTR { continue }
      guard read >= 0 else { throw fault(.unreadable, "cannot be read") }
      if read == 0 { break }
      count += read
    }
    guard count <= Self.limit else {
      throw KeyFileError(.malformed, "\(path) has more than \(Self.limit) bytes")
    }
    guard let text = String(validating: bytes.prefix(count), as: UTF8.self) else {
      throw KeyFileError(.malformed, "\(path) is not UTF-8 text")
    }
    return text
  }

  private func check(_ file: Int32) throws(KeyFileError) {
    var status = stat()
    guard fstat(file, &status) == 0 else { throw fault(.unreadable, "cannot be read") }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw KeyFileError(.unreadable, "\(path) is not a file")
    }
    // Who owns a file can change its mode, and so write it.
    guard status.st_uid == 0 || status.st_uid == geteuid() else {
      throw KeyFileError(
        .exposed, "\(path) belongs to another user: chown \(geteuid()) \(path)")
    }
    guard status.st_mode & secrecy.forbidden == 0 else {
      switch secrecy {
      case .unreadable:
        throw KeyFileError(.exposed, "\(path) is open to others: chmod 600 \(path)")
      case .unwritable:
        throw KeyFileError(.exposed, "\(path) can be written by others: chmod go-w \(path)")
      }
    }
  }

  func fault(_ code: KeyFileError.Code, _ what: String, errno number: Int32 = errno)
    -> KeyFileError
  {
    KeyFileError(code, "\(path) \(what): \(String(cString: strerror(number)))")
  }
}
