/// A binary image in COCO's uncompressed run lengths: the columns one after another, top to bottom,
/// as lengths of runs of alternating value, the first of zeros.
public struct RunLengths: Sendable, Hashable, Codable {
  /// `[H, W]`
  public var size: [Int]
  public var counts: [Int]

  public init(size: [Int], counts: [Int]) {
    self.size = size
    self.counts = counts
  }

  /// Encodes an image.
  ///
  /// - Parameter pixels: `height × width` values in C order (row by row); any but 0 is set.
  ///   Missing ones count as 0.
  /// - Parameter start: where the image begins among them.
  public init(pixels: [UInt8], from start: Int = 0, height: Int, width: Int) {
    var counts: [Int] = []
    var run = 0
    var isSet = false
    for x in 0..<max(0, width) {
      for y in 0..<max(0, height) {
        let index = start + y * width + x
        if (index < pixels.count && pixels[index] != 0) == isSet {
          run += 1
        } else {
          counts.append(run)
          run = 1
          isSet.toggle()
        }
      }
    }
    counts.append(run)
    self.init(size: [height, width], counts: counts)
  }

  /// Decodes to 0 and 1 in C order.
  ///
  /// - Parameter maximum: pixels that the image may have, as the size comes from outside.
  /// - Throws: `too_large` over `maximum`; `invalid_argument` where size and counts disagree.
  public func pixels(maximum: Int = 1 << 28) throws(ProtocolError) -> [UInt8] {
    guard size.count == 2, let height = size.first, let width = size.last, height >= 0, width >= 0
    else { throw .invalidArgument("the size of run lengths is [H, W]", path: "rle.size") }
    let (count, overflow) = height.multipliedReportingOverflow(by: width)
    guard !overflow, count <= maximum else {
      throw .tooLarge(limit: "image_elements", maximum: maximum, path: "rle.size")
    }
    var pixels = [UInt8](repeating: 0, count: count)
    var at = 0
    for (index, run) in counts.enumerated() {
      guard run >= 0, run <= count - at else {
        throw .invalidArgument(
          "the run lengths do not fill the size", path: "rle.counts[\(index)]")
      }
      if index % 2 == 1 {
        for position in at..<at + run {
          pixels[position % height * width + position / height] = 1
        }
      }
      at += run
    }
    guard at == count else {
      throw .invalidArgument("the run lengths do not fill the size", path: "rle.counts")
    }
    return pixels
  }
}

/// The member `rle` of a category's result: one image, or a volume slice by slice.
public enum RunLengthMask: Sendable, Hashable, Codable {
  case image(RunLengths)
  case volume([RunLengths])

  public init(from decoder: any Decoder) throws {
    if let slices = try? [RunLengths](from: decoder) {
      self = .volume(slices)
    } else {
      self = .image(try RunLengths(from: decoder))
    }
  }

  public func encode(to encoder: any Encoder) throws {
    switch self {
    case .image(let image): try image.encode(to: encoder)
    case .volume(let slices): try slices.encode(to: encoder)
    }
  }

  /// All slices in C order, 0 and 1.
  public func voxels(maximum: Int = 1 << 28) throws(ProtocolError) -> [UInt8] {
    switch self {
    case .image(let image): return try image.pixels(maximum: maximum)
    case .volume(let slices):
      var voxels: [UInt8] = []
      for slice in slices { voxels += try slice.pixels(maximum: maximum - voxels.count) }
      return voxels
    }
  }
}
