import Imaging

/// A mask of one slice as bits within its bounding box: many can be kept, and are compared fast.
struct PackedMask: Sendable {
  let width: Int, height: Int
  let count: Int
  private let rows: Range<Int>
  /// Words of 64 pixels, the first word of a row beginning at a multiple of 64.
  private let words: Range<Int>
  private let bits: [UInt64]

  /// The first slice of a mask.
  init(_ mask: BinaryMask) {
    width = mask.width
    height = mask.height
    let box = mask.boundingBox
    let rows = (box?.lower[1] ?? 0)..<(box?.upper[1] ?? 0)
    let words = (box?.lower[0] ?? 0) / 64..<((box?.upper[0] ?? 0) + 63) / 64
    var bits = [UInt64](repeating: 0, count: rows.count * words.count)
    var count = 0
    if let box {
      for y in rows {
        for x in box.lower[0]..<box.upper[0] where mask.voxels[y * mask.width + x] != 0 {
          bits[(y - rows.lowerBound) * words.count + x / 64 - words.lowerBound] |= 1 << (x % 64)
          count += 1
        }
      }
    }
    (self.rows, self.words, self.bits, self.count) = (rows, words, bits, count)
  }

  /// Pixels that both have.
  func shared(_ other: PackedMask) -> Int {
    let down = rows.clamped(to: other.rows)
    let across = words.clamped(to: other.words)
    var sum = 0
    for y in down {
      let mine = (y - rows.lowerBound) * words.count - words.lowerBound
      let theirs = (y - other.rows.lowerBound) * other.words.count - other.words.lowerBound
      for word in across { sum += (bits[mine + word] & other.bits[theirs + word]).nonzeroBitCount }
    }
    return sum
  }

  /// |A∩B| / |A∪B|; 0 for two empty masks, which are no region.
  func iou(_ other: PackedMask) -> Double {
    let both = shared(other)
    let either = count + other.count - both
    return either == 0 ? 0 : Double(both) / Double(either)
  }

  var mask: BinaryMask {
    var mask = BinaryMask(width: width, height: height)
    for y in rows {
      for word in words {
        let some = bits[(y - rows.lowerBound) * words.count + word - words.lowerBound]
        for x in 0..<min(64, width - word * 64) where some >> x & 1 == 1 {
          mask.voxels[y * width + word * 64 + x] = 1
        }
      }
    }
    return mask
  }
}
