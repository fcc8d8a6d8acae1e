import Foundation
import Imaging

/// What training draws: floats over `SplitMix64`, the same on every machine for a seed.
public struct SeededRandom: RandomNumberGenerator, Sendable {
  private var bits: SplitMix64
  public init(seed: UInt64) { bits = SplitMix64(seed: seed) }
  public mutating func next() -> UInt64 { bits.next() }

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
