/// Where the slices of a stack stand on an even grid, and which are missing.
struct DICOMGaps: Sendable {
  /// From each slice to the next, LPS mm.
  let step: [Double]
  /// The k of each slice that is there.
  private(set) var indices: [Int] = [0]
  /// Distances along the normal at which there is no slice, mm.
  private(set) var missing: [Double] = []
  var count: Int { (indices.last ?? 0) + 1 }

  /// - Parameter planes: parallel, ordered along the normal, no two at the same place.
  init(_ planes: [DICOMPlane]) throws(ImagingError) {
    let normal = planes[0].normal ?? [0, 0, 1]
    let positions = planes.map { $0.position ?? [0, 0, 0] }
    guard planes.count > 1 else {
      step = normal.map { $0 * (planes[0].thickness ?? 1) }
      return
    }
    let distances = positions.map { Vector.dot($0, normal) }
    let between = zip(distances.dropFirst(), distances).map { $0 - $1 }
    let usual = between.sorted()[between.count / 2]
    let allowed = max(DICOMStack.tolerance * usual, DICOMStack.tolerance)
    for (n, distance) in between.enumerated() {
      let steps = (distance / usual).rounded()
      guard steps >= 1, steps <= 1e5, abs(distance - steps * usual) <= allowed * steps else {
        throw ImagingError(
          .mismatch,
          "slices are not evenly spaced: \(Self.text(distance)) mm at \(Self.text(distances[n])) mm "
            + "along the normal, elsewhere \(Self.text(usual)) mm")
      }
      guard indices[n] + Int(steps) < DICOMFolder.maxImages else {
        throw ImagingError(
          .mismatch, "slices are too far apart for one volume: \(Self.text(distance)) mm")
      }
      for gap in 1..<max(1, Int(steps)) { missing.append(distances[n] + Double(gap) * usual) }
      indices.append(indices[n] + Int(steps))
    }
    let last = indices[indices.count - 1]
    let step = Vector.add(positions[positions.count - 1], positions[0], times: -1)
      .map { $0 / Double(last) }
    self.step = step
    for (k, position) in zip(indices, positions) {
      let there = Vector.add(positions[0], step, times: Double(k))
      guard Vector.length(Vector.add(position, there, times: -1)) <= 2 * allowed else {
        throw ImagingError(
          .mismatch, "the positions of the slices do not lie on a straight line with even steps")
      }
    }
  }

  var error: ImagingError {
    let shown = missing.prefix(12).map(Self.text).joined(separator: ", ")
    let more = missing.count > 12 ? " and \(missing.count - 12) more" : ""
    return ImagingError(
      .mismatch,
      "\(missing.count) slice\(missing.count == 1 ? " is" : "s are") missing, at \(shown)\(more) mm along the normal: add their files, "
        + "or allow it (--allow-missing-slices) and they are filled in from their neighbours")
  }

  /// Hundredths of a millimetre.
  private static func text(_ value: Double) -> String { "\((value * 100).rounded() / 100)" }
}
