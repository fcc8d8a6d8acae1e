/// Exact order statistics in two counting passes, without sorting: a slice has 10⁵ to 10⁶ samples.
struct OrderStatistics {
  private let keys: [UInt32]
  private let high: [Int]

  /// - Parameter values: finite.
  init(_ values: [Float]) {
    var high = [Int](repeating: 0, count: 1 << 16)
    keys = [UInt32](unsafeUninitializedCapacity: values.count) { out, count in
      values.withUnsafeBufferPointer { values in
        high.withUnsafeMutableBufferPointer { high in
          for n in 0..<values.count {
            // Bits that sort as the numbers do: negatives turned round, under the positives.
            let bits = values[n].bitPattern
            let key = bits >> 31 == 0 ? bits | 0x8000_0000 : ~bits
            out[n] = key
            high[Int(key >> 16)] += 1
          }
        }
      }
      count = values.count
    }
    self.high = high
  }

  /// The value of the given rank, from 0.
  func value(rank: Int) -> Float {
    var below = 0
    var bucket = 0
    while bucket < high.count - 1 && below + high[bucket] <= rank {
      below += high[bucket]
      bucket += 1
    }
    var low = [Int](repeating: 0, count: 1 << 16)
    keys.withUnsafeBufferPointer { keys in
      low.withUnsafeMutableBufferPointer { low in
        for key in keys where Int(key >> 16) == bucket { low[Int(key & 0xffff)] += 1 }
      }
    }
    var last = 0
    while last < low.count - 1 && below + low[last] <= rank {
      below += low[last]
      last += 1
    }
    let key = UInt32(bucket) << 16 | UInt32(last)
    return Float(bitPattern: key >> 31 == 1 ? key & 0x7fff_ffff : ~key)
  }

  /// Between ranks by straight lines (numpy's default). Nil without values.
  func percentile(_ percent: Double) -> Float? {
    guard !keys.isEmpty else { return nil }
    let at = percent / 100 * Double(keys.count - 1)
    let rank = Int(at.rounded(.down))
    let lower = value(rank: rank)
    let rest = Float(at - Double(rank))
    if rest == 0 { return lower }
    return lower + (value(rank: min(rank + 1, keys.count - 1)) - lower) * rest
  }
}
