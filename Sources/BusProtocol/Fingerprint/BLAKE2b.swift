/// BLAKE2b with 32 bytes of output and no key (RFC 7693): collision-resistant, and quick on 64-bit
/// machines without special instructions.
struct BLAKE2b {
  private var state: [UInt64]
  private var block: [UInt64] = Array(repeating: 0, count: 16)
  private var pending: [UInt8] = []
  private var total: UInt64 = 0

  private static let initial: [UInt64] = [
    0x6a09_e667_f3bc_c908, 0xbb67_ae85_84ca_a73b, 0x3c6e_f372_fe94_f82b, 0xa54f_f53a_5f1d_36f1,
    0x510e_527f_ade6_82d1, 0x9b05_688c_2b3e_6c1f, 0x1f83_d9ab_fb41_bd6b, 0x5be0_cd19_137e_2179,
  ]

  private static let order: [[Int]] = [
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
    [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
    [11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4],
    [7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8],
    [9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13],
    [2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9],
    [12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11],
    [13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10],
    [6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5],
    [10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0],
  ]

  init() {
    state = Self.initial
    // Parameter block: 32 bytes of digest, no key, fan-out and depth 1.
    state[0] ^= 0x0101_0020
  }

  mutating func update(_ bytes: some Collection<UInt8>) {
    var rest = bytes[...]
    if !pending.isEmpty {
      let head = rest.prefix(128 - pending.count)
      pending += head
      rest = rest.dropFirst(head.count)
    }
    // The last block is kept back: it is compressed differently.
    while !rest.isEmpty {
      if pending.count == 128 {
        compress(pending[...], isLast: false)
        pending.removeAll(keepingCapacity: true)
      }
      let head = rest.prefix(128 - pending.count)
      pending += head
      rest = rest.dropFirst(head.count)
    }
  }

  /// The digest, 32 bytes.
  consuming func finalize() -> [UInt8] {
    let padding = [UInt8](repeating: 0, count: 128 - pending.count)
    let count = pending.count
    compress((pending + padding)[...], isLast: true, count: count)
    return state.prefix(4).flatMap { word in
      (0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64(8 * $0)) }
    }
  }

  private mutating func compress(_ bytes: ArraySlice<UInt8>, isLast: Bool, count: Int = 128) {
    total += UInt64(count)
    bytes.withUnsafeBytes { buffer in
      for index in 0..<16 {
        block[index] = UInt64(
          littleEndian: buffer.loadUnaligned(fromByteOffset: 8 * index, as: UInt64.self))
      }
    }
    var v = state + Self.initial
    v[12] ^= total
    if isLast { v[14] = ~v[14] }
    for round in 0..<12 {
      let s = Self.order[round % 10]
      Self.mix(&v, 0, 4, 8, 12, block[s[0]], block[s[1]])
      Self.mix(&v, 1, 5, 9, 13, block[s[2]], block[s[3]])
      Self.mix(&v, 2, 6, 10, 14, block[s[4]], block[s[5]])
      Self.mix(&v, 3, 7, 11, 15, block[s[6]], block[s[7]])
      Self.mix(&v, 0, 5, 10, 15, block[s[8]], block[s[9]])
      Self.mix(&v, 1, 6, 11, 12, block[s[10]], block[s[11]])
      Self.mix(&v, 2, 7, 8, 13, block[s[12]], block[s[13]])
      Self.mix(&v, 3, 4, 9, 14, block[s[14]], block[s[15]])
    }
    for index in 0..<8 { state[index] ^= v[index] ^ v[index + 8] }
  }

  @inline(__always)
  private static func mix(
    _ v: inout [UInt64], _ a: Int, _ b: Int, _ c: Int, _ d: Int, _ x: UInt64, _ y: UInt64
  ) {
    func rotated(_ value: UInt64, _ bits: UInt64) -> UInt64 {
      value >> bits | value << (64 - bits)
    }
    v[a] = v[a] &+ v[b] &+ x
    v[d] = rotated(v[d] ^ v[a], 32)
    v[c] = v[c] &+ v[d]
    v[b] = rotated(v[b] ^ v[c], 24)
    v[a] = v[a] &+ v[b] &+ y
    v[d] = rotated(v[d] ^ v[a], 16)
    v[c] = v[c] &+ v[d]
    v[b] = rotated(v[b] ^ v[c], 63)
  }
}
