/// Exact order statistics by counting, without sorting: a slice has 10⁵ to 10⁶ samples.
///
/// Numbers become keys that sort as they do; one pass counts the keys' upper halves, and one more
/// for each upper half that is asked for counts its lower halves.
struct OrderStatistics {
  private let keys: [UInt32]
  private let upper: [Int32]
  /// Whether all lower halves are those of whole numbers to 255, so that there is nothing to count.
  private let isCoarse: Bool
  private var lower: [Int: [Int32]] = [:]

  /// - Parameter values: finite.
  init(_ values: [Float]) {
    var upper = [Int32](repeating: 0, count: 1 << 16)
    var rest: UInt32 = 0
    keys = [UInt32](unsafeUninitializedCapacity: values.count) { out, count in
      values.withUnsafeBufferPointer { values in
        upper.withUnsafeMutableBufferPointer { upper in
          for n in 0..<values.count {
            // Negatives turned round, under the positives.
            let bits = values[n].bitPattern
            let key = bits ^ (UInt32(bitPattern: Int32(bitPattern: bits) >> 31) | 0x8000_0000)
            out[n] = key
            rest |= key
            upper[Int(key >> 16)] += 1
          }
        }
      }
      count = values.count
    }
    self.upper = upper
    isCoarse = rest & 0xffff == 0
  }

  /// The value of the given rank, from 0.
  mutating func value(rank: Int) -> Float {
    var below = 0
    let bucket = Self.find(rank, in: upper, &below)
    var key = UInt32(bucket) << 16
    if !isCoarse { key |= UInt32(Self.find(rank, in: counts(under: bucket), &below)) }
    return Float(bitPattern: key >> 31 == 1 ? key & 0x7fff_ffff : ~key)
  }

  private static func find(_ rank: Int, in counts: [Int32], _ below: inout Int) -> Int {
    var at = 0
    while at < counts.count - 1 && below + Int(counts[at]) <= rank {
      below += Int(counts[at])
      at += 1
    }
    return at
  }

  private mutating func counts(under bucket: Int) -> [Int32] {
    if let known = lower[bucket] { return known }
    var counts = [Int32](repeating: 0, count: 1 << 16)
    keys.withUnsafeBufferPointer { keys in
      counts.withUnsafeMutableBufferPointer { counts in
        for key in keys where Int(key >> 16) == bucket { counts[Int(key & 0xffff)] += 1 }
      }
    }
    lower[bucket] = counts
    return counts
  }

  /// Between ranks by straight lines (numpy's default). Nil without values.
  mutating func percentile(_ percent: Double) -> Float? {
    guard !keys.isEmpty else { return nil }
    let at = percent / 100 * Double(keys.count - 1)
    let rank = Int(at.rounded(.down))
    let lower = value(rank: rank)
    let rest = Float(at - Double(rank))
    if rest == 0 { return lower }
    return lower + (value(rank: min(rank + 1, keys.count - 1)) - lower) * rest
  }
}
