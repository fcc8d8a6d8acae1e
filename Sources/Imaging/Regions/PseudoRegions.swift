/// Regions of an image that nobody labelled, cleaned up as SegVol does with its pseudo-masks
/// (arXiv 2311.13385, on pseudo-mask generation): true masks override them, the tiny ones go, each
/// is dilated and eroded.
public struct PseudoRegions: Sendable, Hashable {
  /// What is kept of the regions.
  public struct Options: Sendable, Hashable {
    /// Of the image: smaller regions are dropped (the paper's 1 per mille).
    public var leastShare = 0.001
    /// Of dilation and erosion, in pixels.
    public var radius = 1
    /// Not the paper's: regions of fewer pixels than this are dropped too,
    public var least = 16
    /// those that fill more of the image than this, which are background,
    public var greatestShare = 0.4
    /// those of which less than this share is left by true masks, as it is only their rim, and those
    /// without 3×3 pixels anywhere, as they are only an edge.
    public var leastLeft = 0.5
    public init() {}
  }

  public let width: Int, height: Int
  /// Of each pixel 0, or its region's number from 1.
  public let labels: [Int32]
  /// Pixels of each region, the first region's first; before dilation and erosion.
  public let sizes: [Int]
  /// The smallest box around each region.
  public let boxes: [VoxelBox]
  public var count: Int { sizes.count }
  private let isTaken: [Bool]
  private let radius: Int

  /// - Parameter isTaken: of each pixel, whether a true mask has it, or it is no part of the image.
  /// - Throws: `mismatch` where `isTaken` is of another size.
  public init(
    _ regions: GraphRegions, isTaken: [Bool], options: Options = Options()
  ) throws(ImagingError) {
    guard isTaken.count == regions.labels.count else {
      throw ImagingError(.mismatch, "what is taken is not on the regions' grid")
    }
    let (width, height) = (regions.width, regions.height)
    var free = [Int](repeating: 0, count: regions.count)
    for (n, label) in regions.labels.enumerated() where !isTaken[n] { free[Int(label)] += 1 }
    let isSolid = Self.solid(regions, isTaken)
    let area = Double(width * height)
    var names = [Int32](repeating: 0, count: regions.count)
    var sizes: [Int] = []
    for (label, size) in free.enumerated()
    where isSolid[label] && size >= options.least && Double(size) >= options.leastShare * area
      && Double(size) <= options.greatestShare * area
      && Double(size) >= options.leastLeft * Double(regions.sizes[label])
    {
      sizes.append(size)
      names[label] = Int32(sizes.count)
    }
    var labels = [Int32](repeating: 0, count: isTaken.count)
    var boxes = sizes.map { _ in VoxelBox(lower: [width, height, 0], upper: [0, 0, 1]) }
    for n in labels.indices where !isTaken[n] {
      let name = names[Int(regions.labels[n])]
      guard name > 0 else { continue }
      labels[n] = name
      let (x, y, at) = (n % width, n / width, Int(name) - 1)
      boxes[at].lower[0] = min(boxes[at].lower[0], x)
      boxes[at].lower[1] = min(boxes[at].lower[1], y)
      boxes[at].upper[0] = max(boxes[at].upper[0], x + 1)
      boxes[at].upper[1] = max(boxes[at].upper[1], y + 1)
    }
    self.width = width
    self.height = height
    self.labels = labels
    self.sizes = sizes
    self.boxes = boxes
    self.isTaken = isTaken
    radius = options.radius
  }

  /// A region's mask, smoothed; no pixel of it is taken.
  ///
  /// - Parameters:
  ///   - region: from 0.
  ///   - absorbing: regions of which more than this share lies in the region's box join it, as in
  ///     SegVol, where a box asks for all that it holds; nil: the region alone.
  public func mask(of region: Int, absorbing share: Double? = nil) -> BinaryMask {
    guard sizes.indices.contains(region) else { return BinaryMask(width: width, height: height) }
    var isWanted = [Bool](repeating: false, count: count + 1)
    isWanted[region + 1] = true
    if let share {
      for (n, inside) in inside(boxes[region]).enumerated()
      where Double(inside) > share * Double(sizes[n]) {
        isWanted[n + 1] = true
      }
    }
    var mask = BinaryMask(
      width: width, height: height, voxels: labels.map { isWanted[Int($0)] ? 1 : 0 }
    ).closed(radius: radius)
    for n in isTaken.indices where isTaken[n] { mask.voxels[n] = 0 }
    return mask
  }

  /// Of each region: whether it has 3×3 free pixels somewhere.
  private static func solid(_ regions: GraphRegions, _ isTaken: [Bool]) -> [Bool] {
    let (width, height) = (regions.width, regions.height)
    var isSolid = [Bool](repeating: false, count: regions.count)
    guard width > 2, height > 2 else { return isSolid }
    for y in 1..<height - 1 {
      for x in 1..<width - 1 {
        let at = y * width + x
        let label = regions.labels[at]
        guard !isSolid[Int(label)] else { continue }
        var isWhole = true
        for n in 0..<9 where isWhole {
          let near = at + (n / 3 - 1) * width + n % 3 - 1
          isWhole = regions.labels[near] == label && !isTaken[near]
        }
        isSolid[Int(label)] = isWhole
      }
    }
    return isSolid
  }

  /// How many pixels of each region lie in a box.
  private func inside(_ box: VoxelBox) -> [Int] {
    var counts = [Int](repeating: 0, count: count)
    for y in box.lower[1]..<box.upper[1] {
      for x in box.lower[0]..<box.upper[0] {
        let name = Int(labels[y * width + x])
        if name > 0 { counts[name - 1] += 1 }
      }
    }
    return counts
  }
}
