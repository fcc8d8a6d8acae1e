import Foundation

/// SplitMix64 (Steele, Lea, Flood 2014): small, seeded, the same on every machine.
public struct SeededRandom: RandomNumberGenerator, Sendable {
  public private(set) var state: UInt64
  public init(seed: UInt64) { state = seed }

  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// Uniform in [0, 1).
  public mutating func unit() -> Float { Float(next() >> 40) * 0x1p-24 }
  public mutating func uniform(_ low: Float, _ high: Float) -> Float { low + (high - low) * unit() }
  public mutating func chance(_ p: Float) -> Bool { unit() < p }
  public mutating func below(_ n: Int) -> Int { Int(next() % UInt64(max(n, 1))) }

  /// Standard normal, by Box and Muller.
  public mutating func normal() -> Float {
    let u = max(unit(), 1e-7)
    return (-2 * log(u)).squareRoot() * cos(2 * .pi * unit())
  }
}
