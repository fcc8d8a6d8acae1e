/// One slice as the network sees it; the same in training and in serving.
///
/// The longest side is scaled to `side`, as in Segment Anything (arXiv 2304.02643), the rest padded
/// at the right and below with black. Three channels: of HU the windows of `windows`; of other gray
/// images the range between their 0.5th and 99.5th percentile, three times; of colour R, G, B.
/// Each in [0, 1], then `(x − 0.5) / 0.25`.
///
/// Networks that see a slice with its neighbours get two more: the slice below and the one above, by
/// the first of the windows or by their own range. Where there is no such slice, the nearest that
/// there is stands for it, in the end the slice itself.
public struct NetworkInput: Sendable {
  /// In HU: soft tissue, everything from lung to bone, brain.
  public static let windows: [ClosedRange<Float>] = [-160...240, -1000...1000, 0...100]
  public static let mean: Float = 0.5, deviation: Float = 0.25
  /// What padding holds: black.
  public static let black: Float = -mean / deviation

  /// S, pixels a side.
  public let side: Int
  /// `[3, S, S]`, or `[5, S, S]` with the neighbours.
  public private(set) var pixels: [Float]
  /// Of the slice.
  public let width: Int, height: Int
  /// Of the slice's picture within the square, which starts at its upper left corner.
  public let scaledWidth: Int, scaledHeight: Int

  /// - Parameters:
  ///   - image: gray or colour; a volume gives one of its slices.
  ///   - slice: along k.
  ///   - side: S, 1 to 8192.
  ///   - sliceReach: how far away the neighbours are, in millimetres along k, at least one slice (and
  ///     just one where the spacing is not known); nil: without neighbours.
  public init(
    _ image: MedicalImage, slice: Int = 0, side: Int, sliceReach: Double? = nil
  ) throws(ImagingError) {
    guard (1...8192).contains(side), image.channels == 1 || image.channels == 3,
      (0..<image.depth).contains(slice), image.width > 0, image.height > 0
    else {
      throw ImagingError(.mismatch, "no slice \(slice), or no gray or colour image")
    }
    self.init(width: image.width, height: image.height, side: side)
    let planes = Self.planes(image, slice: slice)
    let ranges = Self.ranges(planes, of: image, slice: slice)
    let area = side * side
    pixels = [Float](repeating: Self.black, count: (sliceReach == nil ? 3 : 5) * area)
    for (n, plane) in planes.enumerated() {
      let scaled = scaled(plane, ranges[n])
      for c in planes.count == 1 ? 0..<3 : n..<n + 1 {
        write(scaled, ranges[planes.count == 1 && ranges.count == 3 ? c : n], channel: c)
      }
    }
    guard let sliceReach else { return }
    for (n, other) in Self.neighbours(of: slice, in: image, reach: sliceReach).enumerated() {
      if other == slice {
        pixels.replaceSubrange((3 + n) * area..<(4 + n) * area, with: pixels[..<area])
        continue
      }
      let planes = Self.planes(image, slice: other)
      let range = Self.ranges(planes, of: image, slice: other)[0]
      write(scaled(planes[0], range), range, channel: 3 + n)
    }
  }

  /// The slices below and above that are seen with one.
  ///
  /// - Parameter reach: how far away, as for `init`; beyond the ends the last slice is meant.
  public static func neighbours(
    of slice: Int, in image: MedicalImage, reach: Double
  ) -> [Int] {
    let spacing = image.hasSpacing ? image.affine.spacing[2] : 0
    let slices = spacing > 0 ? reach / spacing : 1
    let step = max(1, Int(min(slices.rounded(), Double(image.depth))))
    return [max(0, slice - step), min(image.depth - 1, slice + step)]
  }

  /// One plane (gray) or three.
  private static func planes(_ image: MedicalImage, slice: Int) -> [[Float]] {
    let samples = image.plane(slice)
    if image.channels == 1 { return [samples] }
    if let split = colourPlanes(samples) { return split }
    return [stride(from: 0, to: samples.count, by: 3).map { samples[$0] }]
  }

  private func scaled(_ plane: [Float], _ range: ClosedRange<Float>) -> [Float] {
    Resampling.resize(
      Self.finite(plane, else: range.lowerBound), width: width, height: height,
      toWidth: scaledWidth, toHeight: scaledHeight) ?? []
  }

  /// The mapping alone, with no pixels.
  private init(width: Int, height: Int, side: Int, isStretched: Bool = false) {
    self.side = side
    self.width = width
    self.height = height
    pixels = []
    if isStretched {
      (scaledWidth, scaledHeight) = (side, side)
      return
    }
    let longest = Double(max(width, height))
    scaledWidth = max(1, Int((Double(width) * Double(side) / longest).rounded()))
    scaledHeight = max(1, Int((Double(height) * Double(side) / longest).rounded()))
  }

  /// How a slice of this size lies in the square, for all slices of a volume at once; `pixels` is
  /// empty.
  ///
  /// - Parameter isStretched: whether the slice fills the square, each way by its own scale.
  public static func geometry(
    width: Int, height: Int, side: Int, isStretched: Bool = false
  ) throws(ImagingError) -> NetworkInput {
    guard (1...8192).contains(side), width > 0, height > 0 else {
      throw ImagingError(
        .mismatch, "no slice of \(width)×\(height) pixels fits a square of \(side)")
    }
    return NetworkInput(width: width, height: height, side: side, isStretched: isStretched)
  }

  /// One plane (gray) or three, `[height, width]`, of values 0 to 1, as a person is shown the slice: HU
  /// by the window for soft tissue, other gray images by their own range.
  public static func displayPlanes(
    _ image: MedicalImage, slice: Int
  ) throws(ImagingError) -> [[Float]] {
    guard let one = image.slice(slice), one.channels == 1 || one.channels == 3 else {
      throw ImagingError(.mismatch, "no slice \(slice), or no gray or colour image")
    }
    let gray = planes(one, slice: 0)
    let ranges = ranges(gray, intensity: one.channels == 3 ? .raw : one.intensity)
    return gray.enumerated().map { n, plane in
      let (low, high) = (ranges[n].lowerBound, ranges[n].upperBound)
      return finite(plane, else: low).map { min(max(($0 - low) / (high - low), 0), 1) }
    }
  }

  /// R, G and B apart; nil where they are the same everywhere (gray stored as colour).
  private static func colourPlanes(_ samples: [Float]) -> [[Float]]? {
    samples.withUnsafeBufferPointer { samples in
      let count = samples.count / 3
      var isGray = true
      for n in 0..<count where isGray {
        isGray = samples[3 * n] == samples[3 * n + 1] && samples[3 * n] == samples[3 * n + 2]
      }
      if isGray { return nil }
      return (0..<3).map { c in (0..<count).map { samples[3 * $0 + c] } }
    }
  }

  private static func ranges(
    _ planes: [[Float]], of image: MedicalImage, slice: Int
  ) -> [ClosedRange<Float>] {
    if planes.count == 1, image.intensity != .hounsfield, let given = image.displayRanges,
      given.count == image.depth
    {
      return [given[slice]]
    }
    return ranges(planes, intensity: image.intensity)
  }

  /// What becomes black and what white in each slice of a gray image that is not of HU, so that a part
  /// of the slice can be shown like the whole; nil for others, which need none.
  public static func displayRanges(_ image: MedicalImage) -> [ClosedRange<Float>]? {
    guard image.channels == 1, image.intensity != .hounsfield else { return nil }
    return (0..<image.depth).map { k in
      ranges(planes(image, slice: k), of: image, slice: k)[0]
    }
  }

  /// What becomes 0 and what becomes 1: one range a plane, or three for one plane of HU.
  private static func ranges(
    _ planes: [[Float]], intensity: Intensity
  ) -> [ClosedRange<Float>] {
    if planes.count == 3 { return [0...255, 0...255, 0...255] }
    if intensity == .hounsfield { return windows }
    let finite = areSane(planes[0]) ? planes[0] : planes[0].filter(isSane)
    var order = OrderStatistics(finite)
    guard let low = order.percentile(0.5), let high = order.percentile(99.5) else { return [0...1] }
    if high > low { return [low...high] }
    // Nearly all the same: what stands out stands out.
    let (least, most) = (finite.min() ?? 0, finite.max() ?? 0)
    return [least...(most > least ? most : least + 1)]
  }

  private static func finite(_ plane: [Float], else value: Float) -> [Float] {
    areSane(plane) ? plane : plane.map { isSane($0) ? $0 : value }
  }

  /// Neither NaN nor so large that sums of it might overflow.
  private static func isSane(_ value: Float) -> Bool { abs(value) < 1e30 }

  /// As integers, NaN and the infinities above all numbers, so that the loop is one of vectors.
  private static func areSane(_ plane: [Float]) -> Bool {
    let limit = (1e30 as Float).bitPattern
    var largest: UInt32 = 0
    plane.withUnsafeBufferPointer { plane in
      for n in 0..<plane.count { largest = max(largest, plane[n].bitPattern & 0x7fff_ffff) }
    }
    return largest < limit
  }

  private mutating func write(_ plane: [Float], _ range: ClosedRange<Float>, channel: Int) {
    let low = range.lowerBound
    let factor = 1 / max(range.upperBound - low, .leastNormalMagnitude)
    let (columns, side) = (scaledWidth, side)
    plane.withUnsafeBufferPointer { plane in
      pixels.withUnsafeMutableBufferPointer { pixels in
        for y in 0..<plane.count / columns {
          let (to, from) = ((channel * side + y) * side, y * columns)
          for x in 0..<columns {
            let value = min(max((plane[from + x] - low) * factor, 0), 1)
            pixels[to + x] = (value - Self.mean) / Self.deviation
          }
        }
      }
    }
  }
}
