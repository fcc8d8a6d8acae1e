/// The frames of a series as an even stack of slices.
///
/// Slices are ordered along the normal, row × column (PS3.3 C.7.6.2.1.1), so that k ends right-handed
/// in the patient. The step from slice to slice is what the positions say: where it is not parallel to
/// the normal, as with a tilted gantry, the affine is sheared and still exact.
struct DICOMStack: Sendable {
  /// A frame of a file.
  struct Slice: Sendable {
    var instance: DICOMInstance
    var frame: Int
    var plane: DICOMPlane { instance.planes[frame] }
  }

  /// From k = 0; nil where a slice is missing.
  private(set) var slices: [Slice?]
  /// In RAS.
  let affine: Affine
  /// Whether the affine comes from the files.
  let hasSpacing: Bool
  let isVolume: Bool

  /// How far a position may be from the even stack: a hundredth of the step, or this many mm.
  static let tolerance = 0.01

  init(_ instances: [DICOMInstance], options: DICOMOptions) throws(ImagingError) {
    let all = instances.flatMap { instance in
      instance.planes.indices.map { Slice(instance: instance, frame: $0) }
    }
    let placed = all.filter { $0.plane.position != nil && $0.plane.orientation != nil }
    guard !placed.isEmpty else {
      let one = try Self.pick(all, options.volume)
      slices = [one]
      affine = .radiological(spacing: (one.plane.spacing?.reversed() ?? [1, 1]) + [1])
      hasSpacing = one.plane.spacing != nil
      isVolume = false
      return
    }
    guard placed.count == all.count else {
      throw ImagingError(
        .mismatch, "\(all.count - placed.count) of \(all.count) slices say no position")
    }
    try Self.checkSameGrid(all)
    let sorted = Self.sorted(all)
    let single = try Self.oneEach(sorted, volume: options.volume)
    let gaps = try DICOMGaps(single.map(\.plane))
    if !gaps.missing.isEmpty, !options.allowsMissingSlices { throw gaps.error }
    var slices = [Slice?](repeating: nil, count: gaps.count)
    for (k, slice) in zip(gaps.indices, single) { slices[k] = slice }
    self.slices = slices
    isVolume = slices.count > 1
    let plane = single[0].plane
    hasSpacing = plane.spacing != nil
    affine = Self.affine(plane, step: gaps.step)
  }

  /// Of k = 0's plane, in RAS: DICOM's x and y turned round.
  private static func affine(_ plane: DICOMPlane, step: [Double]) -> Affine {
    let spacing = plane.spacing ?? [1, 1]
    let axes = plane.orientation ?? [[1, 0, 0], [0, 1, 0]]
    let position = plane.position ?? [0, 0, 0]
    let rows = (0..<3).map { r in
      [axes[0][r] * spacing[1], axes[1][r] * spacing[0], step[r], position[r]]
        .map { r < 2 ? -$0 : $0 }
    }
    return Affine(rows: rows + [[0, 0, 0, 1]])
  }

  /// Where nothing says a position: one picture.
  private static func pick(_ all: [Slice], _ volume: Int?) throws(ImagingError) -> Slice {
    let ordered = all.sorted { precedes($0, $1) }
    if let volume {
      guard (1...ordered.count).contains(volume) else {
        throw ImagingError(.mismatch, "there is no picture \(volume), only 1 to \(ordered.count)")
      }
      return ordered[volume - 1]
    }
    guard ordered.count == 1 else {
      throw ImagingError(
        .mismatch,
        "\(ordered.count) pictures without positions are no volume: choose one, 1 to "
          + "\(ordered.count) (--volume)")
    }
    return ordered[0]
  }

  private static func checkSameGrid(_ all: [Slice]) throws(ImagingError) {
    let first = all[0]
    for slice in all {
      let (a, b) = (first.instance, slice.instance)
      guard a.rows == b.rows, a.columns == b.columns, a.pixels.channels == b.pixels.channels else {
        throw ImagingError(
          .mismatch,
          "slices differ in size: \(a.columns)×\(a.rows) and \(b.columns)×\(b.rows) pixels")
      }
      guard a.frameOfReference == b.frameOfReference else {
        throw ImagingError(.mismatch, "slices have different frames of reference")
      }
      let turned = zip(first.plane.orientation ?? [], slice.plane.orientation ?? [])
        .contains { zip($0, $1).contains { abs($0 - $1) > 1e-4 } }
      guard !turned else {
        throw ImagingError(
          .mismatch, "slices are not parallel: a localiser among them, or several stacks")
      }
      let (s, t) = (first.plane.spacing ?? [], slice.plane.spacing ?? [])
      guard s.count == t.count, zip(s, t).allSatisfy({ abs($0 - $1) <= 1e-4 * $0 }) else {
        throw ImagingError(.mismatch, "slices differ in pixel spacing")
      }
    }
  }

  /// Along the normal; at the same place by time and number.
  private static func sorted(_ all: [Slice]) -> [(slice: Slice, distance: Double)] {
    let normal = all[0].plane.normal ?? [0, 0, 1]
    return all.map { ($0, Vector.dot($0.plane.position ?? [0, 0, 0], normal)) }
      .sorted { $0.1 != $1.1 ? $0.1 < $1.1 : precedes($0.0, $1.0) }
  }

  private static func precedes(_ a: Slice, _ b: Slice) -> Bool {
    func key(_ slice: Slice) -> [Int] {
      [
        slice.plane.temporal ?? slice.instance.temporal ?? 0, slice.instance.acquisition ?? 0,
        slice.instance.number ?? 0, slice.frame,
      ]
    }
    let (x, y) = (key(a), key(b))
    return x != y ? x.lexicographicallyPrecedes(y) : a.instance.sopInstance < b.instance.sopInstance
  }

  /// One slice a position: copies of a file count once; of several volumes the chosen one.
  private static func oneEach(
    _ sorted: [(slice: Slice, distance: Double)], volume: Int?
  ) throws(ImagingError) -> [Slice] {
    let near = 1e-3 * (sorted[0].slice.plane.spacing?.min() ?? 1)
    var groups: [[Slice]] = []
    var last = -Double.infinity
    for (slice, distance) in sorted {
      if distance - last > near {
        groups.append([slice])
        last = distance
      } else if !groups[groups.count - 1].contains(where: { isCopy($0, slice) }) {
        groups[groups.count - 1].append(slice)
      }
    }
    let most = groups.map(\.count).max() ?? 1
    guard most > 1 else {
      guard volume ?? 1 == 1 else {
        throw ImagingError(.mismatch, "there is no volume \(volume ?? 1), only one")
      }
      return groups.map { $0[0] }
    }
    guard groups.allSatisfy({ $0.count == most }) else {
      let places = groups.filter { $0.count == most }.count
      throw ImagingError(
        .mismatch,
        "\(places) of \(groups.count) positions hold \(most) slices, others fewer: neither one "
          + "volume nor several")
    }
    guard let volume, (1...most).contains(volume) else {
      throw ImagingError(
        .mismatch,
        "each of \(groups.count) positions holds \(most) slices: choose a volume, 1 to \(most) "
          + "(--volume), in the order of time, acquisition and number")
    }
    return groups.map { $0.sorted { precedes($0, $1) }[volume - 1] }
  }

  private static func isCopy(_ a: Slice, _ b: Slice) -> Bool {
    !a.instance.sopInstance.isEmpty && a.instance.sopInstance == b.instance.sopInstance
      && a.frame == b.frame
  }
}
