import Imaging

/// Numbers as bytes: each is `byte · factor + offset`. A batch is packed on the threads that make it; the
/// thread that trains then moves a fourth of the bytes.
public struct PackedValues: Sendable, Hashable {
  public var bytes: [UInt8]
  public var factor: Float, offset: Float

  /// The nearest that bytes can say; exact where a value is a whole number of factors.
  init(_ values: [Float], factor: Float, offset: Float = 0) {
    (self.factor, self.offset) = (factor, offset)
    let scale = 1 / factor
    bytes = [UInt8](unsafeUninitializedCapacity: values.count) { out, count in
      for (i, v) in values.enumerated() {
        out[i] = UInt8(min(max((v - offset) * scale + 0.5, 0), 255))
      }
      count = values.count
    }
  }

  subscript(i: Int) -> Float { Float(bytes[i]) * factor + offset }
}

extension Batch {
  /// Masks are shares of 2×2 pixels: whole numbers of quarters.
  static let quartered: Set<String> = ["target", "semantic_target", "drawn_target"]

  /// Packs images, in steps of 1/255 of their grey levels, and masks, exactly.
  mutating func pack() {
    if let image = floats.removeValue(forKey: "image") {
      packed["image"] = PackedValues(
        image, factor: 1 / (255 * NetworkInput.deviation),
        offset: -NetworkInput.mean / NetworkInput.deviation)
    }
    for name in Self.quartered {
      guard let mask = floats.removeValue(forKey: name) else { continue }
      packed[name] = PackedValues(mask, factor: 0.25)
    }
  }
}
