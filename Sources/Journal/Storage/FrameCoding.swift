import Foundation

/// The frames of a message in one BLOB.
///
///     1 byte    the format, 1
///     8 bytes   checksum of all that follows
///     4 bytes   number of frames
///     each:     4 bytes length, then the bytes
///
/// Integers are little-endian. The checksum is ours to keep: SQLite has none, and a damaged mask must
/// not pass for a result.
enum FrameCoding {
  /// Of one message. SQLite takes rows of 1,000,000,000 bytes.
  static let largest = 900_000_000
  private static let format: UInt8 = 1
  private static let head = 1 + 8

  /// What `encode` makes of these frames, in bytes.
  static func count(_ frames: [[UInt8]]) -> Int { frames.reduce(head + 4) { $0 + 4 + $1.count } }

  /// nil past `largest`.
  static func encode(_ frames: [[UInt8]]) -> Data? {
    let count = count(frames)
    guard count <= largest else { return nil }
    var data = Data(capacity: count)
    data.append(contentsOf: repeatElement(0, count: head))
    append(UInt32(frames.count), to: &data)
    for frame in frames {
      append(UInt32(frame.count), to: &data)
      data.append(contentsOf: frame)
    }
    data[0] = format
    let sum = checksum(data[head...])
    data.replaceSubrange(1..<head, with: withUnsafeBytes(of: sum.littleEndian) { Data($0) })
    return data
  }

  /// nil where anything is not as `encode` wrote it.
  static func decode(_ data: Data) -> [[UInt8]]? {
    var rest = data[...]
    guard rest.popFirst() == format, let sum = take(UInt64.self, from: &rest),
      sum == checksum(rest), let count = take(UInt32.self, from: &rest)
    else { return nil }
    var frames: [[UInt8]] = []
    // Each frame takes at least four bytes: no count can ask for more room than the row has.
    frames.reserveCapacity(min(Int(count), rest.count / 4))
    for _ in 0..<count {
      guard let length = take(UInt32.self, from: &rest), Int(length) <= rest.count else {
        return nil
      }
      frames.append([UInt8](rest.prefix(Int(length))))
      rest = rest.dropFirst(Int(length))
    }
    return rest.isEmpty ? frames : nil
  }

  /// Each step is one-to-one in the word and in the sum so far, so that damage within any one
  /// eight bytes is always seen, and more of it but once in 2⁶⁴.
  private static func checksum(_ data: Data) -> UInt64 {
    data.withUnsafeBytes { bytes in
      var sum = 0x9E37_79B9_7F4A_7C15 ^ UInt64(bytes.count)
      func mix(_ word: UInt64) {
        sum = (sum ^ word) &* 0x9FB2_1C65_1E98_DF25
        sum ^= sum >> 32
      }
      var offset = 0
      while bytes.count - offset >= 8 {
        mix(UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)))
        offset += 8
      }
      mix(bytes[offset...].reversed().reduce(0) { $0 << 8 | UInt64($1) })
      return sum
    }
  }

  private static func append(_ number: UInt32, to data: inout Data) {
    withUnsafeBytes(of: number.littleEndian) { data.append(contentsOf: $0) }
  }

  private static func take<Number: FixedWidthInteger & BitwiseCopyable>(
    _: Number.Type, from data: inout Data.SubSequence
  ) -> Number? {
    let size = MemoryLayout<Number>.size
    guard data.count >= size else { return nil }
    let number = data.prefix(size).withUnsafeBytes { $0.loadUnaligned(as: Number.self) }
    data = data.dropFirst(size)
    return Number(littleEndian: number)
  }
}
