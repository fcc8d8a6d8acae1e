import BusProtocol

extension ContentDigest {
  /// Of a payload's bytes, in one pass: volumes are large.
  ///
  /// Blocks of 1 KiB are shortened to 16 bytes by NH (Black, Halevi, Krawczyk, Krovetz and Rogaway,
  /// UMAC, CRYPTO 1999) over 64-bit words, and what comes of them is digested. For two contents of
  /// the same length, chosen without knowing the process's random key, NH is equal with a
  /// probability of at most 2⁻⁶⁴; the length is digested beside it.
  init(_ payload: Payload) {
    let words = payload.withBytes { span in span.withUnsafeBytes { NH.shortened($0) } }
    self.init { hasher in
      hasher.combine(payload.count)
      words.withUnsafeBytes { hasher.combine(bytes: $0) }
    }
  }
}

private enum NH {
  private static let wordsPerBlock = 128
  private static let key: [UInt64] = (0..<wordsPerBlock).map { _ in .random(in: .min ... .max) }

  /// Two words for each block, the last one padded with zeros.
  static func shortened(_ bytes: UnsafeRawBufferPointer) -> [UInt64] {
    let blockBytes = wordsPerBlock * 8
    let whole = bytes.count / blockBytes
    var words: [UInt64] = []
    words.reserveCapacity(2 * whole + 2)
    key.withUnsafeBufferPointer { key in
      for n in 0..<whole {
        let start = n * blockBytes
        append(UnsafeRawBufferPointer(rebasing: bytes[start..<start + blockBytes]), key, &words)
      }
      guard whole * blockBytes < bytes.count else { return }
      let rest = [UInt8](bytes[(whole * blockBytes)...])
      let padded = rest + [UInt8](repeating: 0, count: blockBytes - rest.count)
      padded.withUnsafeBytes { append($0, key, &words) }
    }
    return words
  }

  /// The sum of products of keyed pairs, modulo 2¹²⁸.
  @inline(__always)
  private static func append(
    _ block: UnsafeRawBufferPointer, _ key: UnsafeBufferPointer<UInt64>, _ words: inout [UInt64]
  ) {
    var (high, low): (UInt64, UInt64) = (0, 0)
    for n in stride(from: 0, to: wordsPerBlock, by: 2) {
      let a = block.loadUnaligned(fromByteOffset: 8 * n, as: UInt64.self) &+ key[n]
      let b = block.loadUnaligned(fromByteOffset: 8 * n + 8, as: UInt64.self) &+ key[n + 1]
      let product = a.multipliedFullWidth(by: b)
      let (sum, isOver) = low.addingReportingOverflow(product.low)
      low = sum
      high = high &+ product.high &+ (isOver ? 1 : 0)
    }
    words.append(high)
    words.append(low)
  }
}
