/// One slice as the network sees it; the same in training and in serving.
///
/// The longest side is scaled to `side`, as in Segment Anything (arXiv 2304.02643), the rest padded
/// at the right and below with black. Three channels: of HU the windows of `windows`; of other gray
/// images the range between their 0.5th and 99.5th percentile, three times; of colour R, G, B.
/// Each in [0, 1], then `(x − 0.5) / 0.25`.
public struct NetworkInput: Sendable {
  /// In HU: soft tissue, everything from lung to bone, brain.
  public static let windows: [ClosedRange<Float>] = [-160...240, -1000...1000, 0...100]
  public static let mean: Float = 0.5, deviation: Float = 0.25
  /// What padding holds: black.
  public static let black: Float = -mean / deviation

  /// S, pixels a side.
  public let side: Int
  /// `[3, S, S]`.
  public private(set) var pixels: [Float]
  /// Of the slice.
  public let width: Int, height: Int
  /// Of the slice's picture within the square, which starts at its upper left corner.
  public let scaledWidth: Int, scaledHeight: Int

  /// - Parameters:
  ///   - image: gray or colour; a volume gives one of its slices.
  ///   - slice: along k.
  ///   - side: S, 1 to 8192.
  public init(
    _ image: MedicalImage, slice: Int = 0, side: Int
  ) throws(ImagingError) {
    guard (1...8192).contains(side), image.channels == 1 || image.channels == 3,
      (0..<image.depth).contains(slice), image.width > 0, image.height > 0
    else {
      throw ImagingError(.mismatch, "no slice \(slice), or no gray or colour image")
    }
    self.init(width: image.width, height: image.height, side: side)
    let count = width * height * image.channels
    let samples = image.samples[slice * count..<(slice + 1) * count]
    let planes: [[Float]]
    if image.channels == 3, let split = Self.colourPlanes(samples) {
      planes = split
    } else {
      let gray =
        image.channels == 1
        ? Array(samples)
        : stride(from: samples.startIndex, to: samples.endIndex, by: 3).map { samples[$0] }
      planes = [gray]
    }
    let ranges = Self.ranges(planes, intensity: image.intensity)
    var pixels = [Float](repeating: Self.black, count: 3 * side * side)
    for (n, plane) in planes.enumerated() {
      let clean = Self.finite(plane, else: ranges[n].lowerBound)
      let scaled =
        Resampling.resize(
          clean, width: width, height: height, toWidth: scaledWidth, toHeight: scaledHeight) ?? []
      for c in planes.count == 1 ? 0..<3 : n..<n + 1 {
        Self.write(
          scaled, ranges[planes.count == 1 && ranges.count == 3 ? c : n],
          width: scaledWidth, to: &pixels, at: c * side * side, stride: side)
      }
    }
    self.pixels = pixels
  }

  /// The mapping alone, with no pixels.
  private init(width: Int, height: Int, side: Int) {
    self.side = side
    self.width = width
    self.height = height
    let longest = Double(max(width, height))
    scaledWidth = max(1, Int((Double(width) * Double(side) / longest).rounded()))
    scaledHeight = max(1, Int((Double(height) * Double(side) / longest).rounded()))
    pixels = []
  }

  /// How a slice of this size lies in the square, for all slices of a volume at once; `pixels` is
  /// empty.
  public static func geometry(
    width: Int, height: Int, side: Int
  ) throws(ImagingError) -> NetworkInput {
    guard (1...8192).contains(side), width > 0, height > 0 else {
      throw ImagingError(
        .mismatch, "no slice of \(width)×\(height) pixels fits a square of \(side)")
    }
    return NetworkInput(width: width, height: height, side: side)
  }

  /// One plane (gray) or three, of values 0 to 1, as a person is shown the slice.
  static func displayPlanes(
    _ image: MedicalImage, slice: Int
  ) throws(ImagingError) -> [[Float]] {
    guard let one = image.slice(slice), one.channels == 1 || one.channels == 3 else {
      throw ImagingError(.mismatch, "no slice \(slice), or no gray or colour image")
    }
    let planes = one.channels == 3 ? colourPlanes(one.samples[...]) : [one.samples]
    let gray = planes ?? [stride(from: 0, to: one.samples.count, by: 3).map { one.samples[$0] }]
    let ranges = ranges(gray, intensity: one.channels == 3 ? .raw : one.intensity)
    return gray.enumerated().map { n, plane in
      let (low, high) = (ranges[n].lowerBound, ranges[n].upperBound)
      return finite(plane, else: low).map { min(max(($0 - low) / (high - low), 0), 1) }
    }
  }

  /// R, G and B apart; nil where they are the same everywhere (gray stored as colour).
  private static func colourPlanes(_ samples: ArraySlice<Float>) -> [[Float]]? {
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

  private static func write(
    _ plane: [Float], _ range: ClosedRange<Float>, width: Int, to pixels: inout [Float],
    at start: Int, stride: Int
  ) {
    let low = range.lowerBound
    let factor = 1 / max(range.upperBound - low, .leastNormalMagnitude)
    plane.withUnsafeBufferPointer { plane in
      pixels.withUnsafeMutableBufferPointer { pixels in
        for y in 0..<plane.count / width {
          let (to, from) = (start + y * stride, y * width)
          for x in 0..<width {
            let value = min(max((plane[from + x] - low) * factor, 0), 1)
            pixels[to + x] = (value - mean) / deviation
          }
        }
      }
    }
  }
}
