import Foundation

/// Writes zip archives member by member, the broken ones too. Source: PKWARE's APPNOTE.TXT.
struct ZipBytes {
  struct Member {
    var name: [UInt8]
    /// As it lies in the archive.
    var data: [UInt8]
    var method: UInt16 = 0
    var flags: UInt16 = 0
    /// What the directory says; nil: the truth.
    var size: UInt32?
    var packed: UInt32?
    var checksum: UInt32?
    var offset: UInt32?
    var extra: [UInt8] = []
    /// Whether it has a header and data of its own.
    var isWritten = true

    init(_ name: String, _ data: [UInt8]) {
      self.name = Array(name.utf8)
      self.data = data
    }

    /// What its own header and the directory both say.
    var common: [UInt8] {
      let checksum = checksum ?? ZipBytes.crc(data)
      let (packed, size) = (packed ?? UInt32(data.count), size ?? UInt32(data.count))
      return little(20, 2) + little(UInt64(flags), 2) + little(UInt64(method), 2) + little(0, 4)
        + little(UInt64(checksum), 4) + little(UInt64(packed), 4) + little(UInt64(size), 4)
        + little(UInt64(name.count), 2)
    }

    /// Its header and its bytes.
    var written: [UInt8] { little(0x0403_4b50, 4) + common + little(0, 2) + name + data }

    private func little(_ value: UInt64, _ size: Int) -> [UInt8] { ZipBytes.little(value, size) }
  }

  var members: [Member] = []
  /// What the end of the directory says; nil: the truth.
  var count: UInt16?

  /// PyTorch's archive around a pickle, with a storage of four floats.
  static func torch(_ pickle: [UInt8], storages: [String: [UInt8]]? = nil) -> ZipBytes {
    var zip = ZipBytes()
    zip.members.append(Member("a/data.pkl", pickle))
    zip.members.append(Member("a/byteorder", Array("little".utf8)))
    for (key, bytes) in storages ?? ["0": [UInt8](repeating: 0, count: 16)] {
      zip.members.append(Member("a/data/\(key)", bytes))
    }
    return zip
  }

  func bytes() -> [UInt8] {
    var file: [UInt8] = []
    var directory: [UInt8] = []
    for member in members {
      let start = UInt32(file.count)
      if member.isWritten { file += member.written }
      directory +=
        Self.little(0x0201_4b50, 4) + Self.little(20, 2) + member.common
        + Self.little(UInt64(member.extra.count), 2) + Self.little(0, 10)
        + Self.little(UInt64(member.offset ?? start), 4) + member.name + member.extra
    }
    let total = UInt64(count ?? UInt16(members.count))
    return file + directory + Self.little(0x0605_4b50, 4) + Self.little(0, 4)
      + Self.little(total, 2) + Self.little(total, 2) + Self.little(UInt64(directory.count), 4)
      + Self.little(UInt64(file.count), 4) + Self.little(0, 2)
  }

  static func little(_ value: UInt64, _ size: Int) -> [UInt8] {
    (0..<size).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) }
  }

  static func crc(_ bytes: [UInt8]) -> UInt32 {
    var crc: UInt32 = .max
    for byte in bytes {
      crc ^= UInt32(byte)
      for _ in 0..<8 { crc = crc & 1 == 0 ? crc >> 1 : crc >> 1 ^ 0xedb8_8320 }
    }
    return ~crc
  }

  /// A deflate stream of 258 zeros and one more for each 13 bits. Source: RFC 1951, 3.2.6: the fixed
  /// code of the literal 0, then lengths of 258 at a distance of 1.
  static func zeros(_ repeats: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    var (pending, filled) = (UInt8(0), 0)
    func put(_ bits: String) {
      for bit in bits {
        if bit == "1" { pending |= 1 << UInt8(filled) }
        filled += 1
        if filled == 8 {
          bytes.append(pending)
          (pending, filled) = (0, 0)
        }
      }
    }
    put("110" + "00110000")
    for _ in 0..<repeats { put("11000101" + "00000") }
    put("0000000")
    return filled > 0 ? bytes + [pending] : bytes
  }
}
