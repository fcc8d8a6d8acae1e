/// 128 bits that stand for a content: equal contents have equal digests within one process.
///
/// Two SipHash values with different prefixes, keyed by the process's random seed, which nobody
/// outside knows: a client cannot make two contents that collide. Not stable over restarts, which
/// nothing that is digested here outlives.
struct ContentDigest: Hashable, Sendable {
  let high: UInt64, low: UInt64

  init(_ feed: (inout Hasher) -> Void) {
    func value(_ prefix: UInt8) -> UInt64 {
      var hasher = Hasher()
      hasher.combine(prefix)
      feed(&hasher)
      return UInt64(bitPattern: Int64(hasher.finalize()))
    }
    high = value(1)
    low = value(2)
  }

  /// 32 hexadecimal digits.
  var text: String {
    [high, low].map { value in
      let digits = String(value, radix: 16)
      return String(repeating: "0", count: 16 - digits.count) + digits
    }.joined()
  }
}
