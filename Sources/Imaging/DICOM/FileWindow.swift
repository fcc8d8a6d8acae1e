import Glibc

/// A file that is looked at here and there, through a window of 64 KB.
final class FileWindow {
  let size: Int
  private let descriptor: Int32
  private var start = 0
  private var window: [UInt8] = []

  init(path: String) throws(ImagingError) {
    // O_NONBLOCK: opening a pipe must not wait for its writer.
    let opened = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard opened >= 0 else {
      throw ImagingError(.unreadable, "\(path): \(String(cString: strerror(errno)))")
    }
    descriptor = opened
    var about = stat()
    guard fstat(opened, &about) == 0, about.st_mode & S_IFMT == S_IFREG else {
      size = 0
      throw ImagingError(.unreadable, "\(path) is not a file")
    }
    size = Int(about.st_size)
  }

  deinit { close(descriptor) }

  /// Up to 4096 bytes; nil where the file ends before.
  func bytes(at offset: Int, count: Int) -> ArraySlice<UInt8>? {
    guard offset >= 0, (0...4096).contains(count), offset <= size - count else { return nil }
    if offset < start || offset + count > start + window.count {
      start = offset
      window = [UInt8](unsafeUninitializedCapacity: 1 << 16) { buffer, filled in
        while filled < buffer.count {
          let got = pread(
            descriptor, buffer.baseAddress! + filled, buffer.count - filled, offset + filled)
          if got < 0 && errno == EINTR { continue }
          if got <= 0 { break }
          filled += got
        }
      }
    }
    let from = offset - start
    return from + count <= window.count ? window[from..<from + count] : nil
  }

  /// Nil where the file ends before.
  func uint16(at offset: Int, isBigEndian: Bool) -> UInt16? {
    guard let two = bytes(at: offset, count: 2) else { return nil }
    let (a, b) = (UInt16(two[two.startIndex]), UInt16(two[two.startIndex + 1]))
    return isBigEndian ? a << 8 | b : b << 8 | a
  }

  func uint32(at offset: Int, isBigEndian: Bool) -> UInt32? {
    guard let a = uint16(at: offset, isBigEndian: isBigEndian),
      let b = uint16(at: offset + 2, isBigEndian: isBigEndian)
    else { return nil }
    return isBigEndian ? UInt32(a) << 16 | UInt32(b) : UInt32(b) << 16 | UInt32(a)
  }
}
