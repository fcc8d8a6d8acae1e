/// Looks sizes up in the shapes of a checkpoint's parameters.
struct ShapeReading {
  let shapes: [String: [Int]]

  /// - Throws: `BundleError` if there is no such parameter, or not of so many dimensions.
  subscript(name: String, rank rank: Int) -> [Int] {
    get throws(BundleError) {
      guard let shape = shapes[name] else {
        throw Self.unfit("\(name) is missing")
      }
      guard shape.count == rank, shape.allSatisfy({ (1...1 << 24).contains($0) }) else {
        throw Self.unfit("\(name) has shape \(shape)")
      }
      return shape
    }
  }

  /// How many numbered parts there are under a name: one more than the largest number.
  func count(_ prefix: String, atMost limit: Int) throws(BundleError) -> Int {
    var count = 0
    for name in shapes.keys where name.hasPrefix(prefix) {
      guard let number = Int(name.dropFirst(prefix.count).prefix { $0 != "." }), number >= 0,
        number < limit
      else { throw Self.unfit(String(name.prefix(100))) }
      count = max(count, number + 1)
    }
    guard count > 0 else { throw Self.unfit("no \(prefix)0") }
    return count
  }

  static func unfit(_ reason: String) -> BundleError {
    BundleError(
      .invalid,
      "not one of Segment Anything's networks: \(reason). Is it the whole state_dict, of SAM, MedSAM"
        + " or SAM-Med2D with a ViT?")
  }
}
