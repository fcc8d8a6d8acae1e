import Training

/// Descriptions given to the wrong categories.
enum Shuffle {
  /// A random cycle through all names (Sattolo's algorithm): none keeps its own, and the same seed
  /// gives the same.
  static func cycle(_ names: [String], seed: UInt64) -> [String: String] {
    var random = SeededRandom(seed: seed)
    let own = names.sorted()
    var given = own
    for last in stride(from: given.count - 1, to: 0, by: -1) {
      given.swapAt(last, random.below(last))
    }
    return Dictionary(zip(own, given), uniquingKeysWith: { first, _ in first })
  }
}
