/// The encoding `bits` of masks: eight voxels a byte, the first in the most significant bit, each
/// mask padded with zeros to a whole byte.
public enum MaskBits {
  /// Bytes of a packed mask.
  public static func byteCount(voxels: Int) -> Int { voxels / 8 + (voxels % 8 == 0 ? 0 : 1) }

  /// Packs one mask; any value but 0 is set.
  public static func pack(_ voxels: [UInt8]) -> [UInt8] {
    var packed = [UInt8](repeating: 0, count: byteCount(voxels: voxels.count))
    packed.withUnsafeMutableBytes { pack(voxels, into: $0) }
    return packed
  }

  /// Packs one mask into `byteCount` bytes that are all 0.
  public static func pack(_ voxels: [UInt8], into packed: UnsafeMutableRawBufferPointer) {
    precondition(packed.count >= byteCount(voxels: voxels.count))
    voxels.withUnsafeBytes { voxels in
      for byte in 0..<voxels.count / 8
      // Most of a mask is empty.
      where voxels.loadUnaligned(fromByteOffset: 8 * byte, as: UInt64.self) != 0 {
        var bits: UInt8 = 0
        for index in 8 * byte..<8 * byte + 8 { bits = bits << 1 | (voxels[index] == 0 ? 0 : 1) }
        packed[byte] = bits
      }
      for index in voxels.count / 8 * 8..<voxels.count where voxels[index] != 0 {
        packed[index >> 3] |= 0x80 >> UInt8(truncatingIfNeeded: index & 7)
      }
    }
  }

  /// Unpacks one mask to 0 and 1.
  ///
  /// - Throws: `invalid_argument` where the bytes are not exactly those of `voxels` voxels.
  public static func unpack(
    _ packed: some RandomAccessCollection<UInt8>, voxels: Int
  ) throws(ProtocolError) -> [UInt8] {
    guard voxels >= 0, packed.count == byteCount(voxels: voxels) else {
      throw .invalidArgument(
        "\(packed.count) bytes cannot be a mask of \(voxels) voxels", path: "outputs")
    }
    let bytes = Array(packed)
    return (0..<voxels).map { bytes[$0 >> 3] >> UInt8(7 - $0 & 7) & 1 }
  }
}
