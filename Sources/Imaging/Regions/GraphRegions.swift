/// A plane cut into connected regions that look alike inside: graph-based segmentation
/// (Felzenszwalb and Huttenlocher, IJCV 59, 2004, section 3).
public struct GraphRegions: Sendable, Hashable {
  /// How a plane is cut.
  public struct Options: Sendable, Hashable {
    /// k of the threshold k / |C|, in the values' unit times pixels: larger gives larger regions. The
    /// paper's 150 on values up to 255 is 0.6 on values up to 1.
    public var scale: Float = 0.6
    /// Of the Gaussian that the plane is smoothed by, in pixels (the paper's 0.8).
    public var sigma: Float = 0.8
    /// Pixels that a region has at least, but where the plane has fewer.
    public var least = 20
    public init() {}
  }

  public let width: Int, height: Int
  /// Of each pixel its region's number from 0, in the order of the regions' first pixels.
  public let labels: [Int32]
  /// Pixels of each region.
  public let sizes: [Int]
  public var count: Int { sizes.count }

  /// Largest number of pixels: an edge's number fits 32 bits.
  private static let limit = 1 << 28

  /// - Parameter planes: one of gray, or more whose differences count together (Euclidean), each
  ///   `width × height` values; what is not finite counts as 0.
  /// - Throws: `mismatch` where sizes disagree, `tooLarge` past 2^28 pixels.
  public init(
    planes: [[Float]], width: Int, height: Int, options: Options = Options()
  ) throws(ImagingError) {
    let (area, overflow) = width.multipliedReportingOverflow(by: height)
    guard width > 0, height > 0, !overflow, !planes.isEmpty,
      planes.allSatisfy({ $0.count == area })
    else { throw ImagingError(.mismatch, "regions need planes of \(width)×\(height) values") }
    guard area <= Self.limit else {
      throw ImagingError(.tooLarge, "regions of a plane of more than \(Self.limit) pixels")
    }
    let smooth = planes.map {
      GaussianBlur.apply(
        $0.map { $0.isFinite ? $0 : 0 }, width: width, height: height, sigma: options.sigma)
    }
    let graph = PixelGraph(planes: smooth, width: width, height: height)
    var forest = RegionForest(count: area, scale: max(options.scale, 0))
    for n in graph.order.indices {
      let (a, b) = graph.ends(graph.order[n])
      forest.joinIfAlike(a, b, weight: graph.weights[n])
    }
    // What is too small goes to the neighbour that it differs least from.
    for edge in graph.order {
      let (a, b) = graph.ends(edge)
      forest.joinIfSmall(a, b, least: options.least)
    }
    self.width = width
    self.height = height
    (labels, sizes) = forest.numbered()
  }
}

/// Components that grow together: union-find with each component's size and its internal difference.
private struct RegionForest {
  private var parent: [Int32]
  private var sizes: [Int32]
  /// Int(C) + k / |C| of each root: an edge up to this joins it.
  private var limits: [Float]
  private let scale: Float

  init(count: Int, scale: Float) {
    parent = (0..<Int32(count)).map { $0 }
    sizes = [Int32](repeating: 1, count: count)
    limits = [Float](repeating: scale, count: count)
    self.scale = scale
  }

  private mutating func root(_ n: Int) -> Int {
    var at = n
    while Int(parent[at]) != at {
      parent[at] = parent[Int(parent[at])]
      at = Int(parent[at])
    }
    return at
  }

  private mutating func join(_ a: Int, _ b: Int) -> Int {
    let (large, small) = sizes[a] >= sizes[b] ? (a, b) : (b, a)
    parent[small] = Int32(large)
    sizes[large] += sizes[small]
    return large
  }

  /// The paper's predicate D. Edges come by rising weight: that which joins is the largest inside.
  mutating func joinIfAlike(_ a: Int, _ b: Int, weight: Float) {
    let (a, b) = (root(a), root(b))
    guard a != b, weight <= limits[a], weight <= limits[b] else { return }
    let joined = join(a, b)
    limits[joined] = weight + scale / Float(sizes[joined])
  }

  mutating func joinIfSmall(_ a: Int, _ b: Int, least: Int) {
    let (a, b) = (root(a), root(b))
    guard a != b, Int(sizes[a]) < least || Int(sizes[b]) < least else { return }
    _ = join(a, b)
  }

  mutating func numbered() -> (labels: [Int32], sizes: [Int]) {
    var names = [Int32](repeating: -1, count: parent.count)
    var labels = names
    var counts: [Int] = []
    for n in parent.indices {
      let root = root(n)
      if names[root] < 0 {
        names[root] = Int32(counts.count)
        counts.append(Int(sizes[root]))
      }
      labels[n] = names[root]
    }
    return (labels, counts)
  }
}
