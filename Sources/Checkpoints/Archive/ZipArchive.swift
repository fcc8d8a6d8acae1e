import CZip
import Foundation
import Synchronization

/// A zip archive that is read by libzip, its directory checked as a whole when it is opened.
///
/// libzip compares the directory with each member's own header (`ZIP_CHECKCONS`). What it does not
/// ask is whether an archive makes sense: names that are paths elsewhere, members that lie in one
/// another so that more is in the archive than the file has bytes, and members that unpack to more
/// than weights do are refused here.
final class ZipArchive: Sendable {
  struct Member: Sendable, Hashable {
    var index: UInt64
    /// Bytes, unpacked.
    var size: Int
  }

  let members: [String: Member]
  private let handle: Mutex<Handle>

  /// Owns libzip's archive; used under the lock only.
  private struct Handle: ~Copyable {
    let raw: OpaquePointer
    deinit { zip_discard(raw) }
  }

  init(path: String, fileBytes: Int, limits: CheckpointLimits) throws(CheckpointError) {
    var code: Int32 = 0
    guard let raw = zip_open(path, ZIP_RDONLY | ZIP_CHECKCONS, &code) else {
      throw .damaged(.archive, "not a sound zip archive (\(Self.text(code)))")
    }
    let opened = Handle(raw: raw)
    let directory = try Self.directory(opened, fileBytes: fileBytes, limits: limits)
    members = directory
    handle = Mutex(opened)
  }

  /// A member's bytes, its checksum checked.
  func bytes(of name: String) throws(CheckpointError) -> Data {
    guard let member = members[name] else {
      throw .damaged(.archive, "the archive has no \"\(name)\"")
    }
    let read = handle.withLock { handle in Self.read(handle, member) }
    guard let read else {
      throw .damaged(.archive, "\"\(name)\" cannot be unpacked, or its checksum is wrong")
    }
    return read
  }

  private static func read(_ handle: borrowing Handle, _ member: Member) -> Data? {
    guard let file = zip_fopen_index(handle.raw, member.index, 0) else { return nil }
    defer { zip_fclose(file) }
    var data = Data(count: member.size)
    let filled = data.withUnsafeMutableBytes { buffer in
      var done = 0
      while done < buffer.count {
        let part = UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
        let count = zip_fread(file, part.baseAddress, UInt64(min(part.count, 1 << 30)))
        guard count > 0 else { return false }
        done += Int(count)
      }
      // libzip compares checksums when it meets the end; a member that goes on was declared too small.
      var beyond: UInt8 = 0
      return zip_fread(file, &beyond, 1) == 0
    }
    return filled ? data : nil
  }

  private static func text(_ code: Int32) -> String {
    var error = zip_error_t()
    zip_error_init_with_code(&error, code)
    defer { zip_error_fini(&error) }
    return String(cString: zip_error_strerror(&error))
  }
}

extension ZipArchive {
  private static func directory(
    _ handle: borrowing Handle, fileBytes: Int, limits: CheckpointLimits
  ) throws(CheckpointError) -> [String: Member] {
    let count = zip_get_num_entries(handle.raw, 0)
    guard count >= 0, count <= limits.members else {
      throw CheckpointError(
        .limit, "the archive has \(count) members, at most \(limits.members) are read")
    }
    var members: [String: Member] = [:]
    var packed = 0
    var unpacked = 0
    for index in 0..<UInt64(count) {
      var stat = zip_stat_t()
      guard zip_stat_index(handle.raw, index, 0, &stat) == 0, let pointer = stat.name else {
        throw .damaged(.archive, "member \(index) of the archive cannot be read")
      }
      guard let name = String(validatingCString: pointer) else {
        throw .damaged(.archive, "the name of member \(index) of the archive is not UTF-8")
      }
      try check(name, stat)
      guard let size = Int(exactly: stat.size), let held = Int(exactly: stat.comp_size),
        size <= limits.fileBytes, held <= fileBytes
      else { throw .damaged(.archive, "\"\(name)\" claims to have \(stat.size) bytes") }
      // A header and the name before the bytes, and again in the directory.
      packed += held + 76 + 2 * name.utf8.count
      unpacked += size
      guard packed <= fileBytes else {
        throw .damaged(.archive, "the archive's members share bytes: more lie in it than it has")
      }
      guard members.updateValue(Member(index: index, size: size), forKey: name) == nil else {
        throw .damaged(.archive, "\"\(name)\" stands twice in the archive")
      }
      guard unpacked <= fileBytes * limits.expansion + limits.freeBytes else {
        throw CheckpointError(
          .limit,
          "\(fileBytes) bytes unpack to \(unpacked) or more, which weights do not: unpack and save"
            + " it again without compression if you trust it")
      }
    }
    return members
  }

  private static func check(_ name: String, _ stat: zip_stat_t) throws(CheckpointError) {
    let parts = name.split(separator: "/", omittingEmptySubsequences: false)
    guard !name.isEmpty, name.utf8.count <= 1024, !name.contains("\\"), !name.hasPrefix("/"),
      !parts.contains(".."), !parts.contains(".")
    else {
      throw .damaged(.archive, "\(name.prefix(100).debugDescription) is no name for a member")
    }
    guard stat.encryption_method == ZIP_EM_NONE else {
      throw CheckpointError(.archive, "\"\(name)\" is encrypted: unpack it and save it again")
    }
    switch Int32(stat.comp_method) {
    case ZIP_CM_STORE where stat.size == stat.comp_size: break
    case ZIP_CM_DEFLATE: break
    case ZIP_CM_STORE:
      throw .damaged(.archive, "\"\(name)\" has \(stat.comp_size) bytes and claims \(stat.size)")
    default:
      throw CheckpointError(
        .archive,
        "\"\(name)\" is compressed by method \(stat.comp_method): save it again, uncompressed")
    }
  }
}
