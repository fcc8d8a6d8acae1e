import Imaging

/// One view of a slice, cut into regions when they are first asked for: most views never are.
struct PseudoView {
  let slice: TrainingSlice
  let warp: Warp
  let bend: Bend?
  let size: Int
  private var made: PseudoRegions??
  /// Of grey levels 0 to 1: what is no brighter shows nothing. Lung in CT is brighter in its window.
  private static let black: Float = 0.04

  init(slice: TrainingSlice, warp: Warp, bend: Bend?, size: Int) {
    self.slice = slice
    self.warp = warp
    self.bend = bend
    self.size = size
  }

  /// The view's unlabelled regions, of its grey levels before they are varied.
  ///
  /// - Parameter labels: the view's mask values, `[size, size]`; 0 is unlabelled.
  mutating func regions(labels: [UInt8]) -> PseudoRegions? {
    if let made { return made }
    let plane = size * size
    var values = [Float](repeating: 0, count: slice.planes * plane)
    var inside = [Bool](repeating: false, count: plane)
    slice.sample(warp, bend: bend, size: size, into: &values, inside: &inside)
    let planes = (0..<slice.channels).map { Array(values[$0 * plane..<($0 + 1) * plane]) }
    let isTaken = (0..<plane).map { n in
      // Beyond the slice, and in air, there is nothing to ask for.
      labels[n] != 0 || !inside[n] || planes.allSatisfy { $0[n] <= Self.black }
    }
    let regions = (try? GraphRegions(planes: planes, width: size, height: size))
      .flatMap { try? PseudoRegions($0, isTaken: isTaken) }
    made = .some(regions)
    return regions
  }
}
