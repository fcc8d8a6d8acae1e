import Imaging

/// Whether neighbouring slices of a volume look alike.
struct SliceSimilarity: Sendable {
  /// Structural similarity (Wang et al., IEEE Transactions on Image Processing 13, 2004) over windows
  /// of 8 × 8 pixels, in −1…1.
  var structure: Double
  /// Distance of the histograms of HU from −200 to 300 (soft tissue and contrast), as the mean of
  /// how far, in HU, a voxel has to move (Wasserstein's first); nil where there is no HU.
  var histogramDistance: Double?

  /// Under this structural similarity, or over this distance, an object is not led on.
  static let leastStructure = 0.25
  static let mostDistance = 40.0
  /// From here on a slice says nothing that its neighbours do not.
  static let redundant = 0.985

  var isAlike: Bool {
    structure >= Self.leastStructure && (histogramDistance ?? 0) <= Self.mostDistance
  }

  /// - Parameters: slices of the same volume.
  init(_ image: MedicalImage, _ a: Int, _ b: Int) {
    let isHU = image.intensity == .hounsfield
    let channels = image.channels
    func plane(_ k: Int) -> [Float] {
      let samples = image.plane(k)
      return stride(from: 0, to: samples.count, by: channels).map { n in
        let value = samples[n]
        return value.isFinite ? (isHU ? min(max(value, -200), 300) : value) : 0
      }
    }
    let (x, y) = (plane(a), plane(b))
    structure = Self.structure(x, y, width: image.width)
    histogramDistance = isHU && channels == 1 ? Self.distance(x, y) : nil
  }

  private static func structure(_ x: [Float], _ y: [Float], width: Int) -> Double {
    let least = min(x.min() ?? 0, y.min() ?? 0)
    let range = Double(max(x.max() ?? 0, y.max() ?? 0) - least)
    guard range > 0 else { return 1 }
    let (c1, c2) = ((0.01 * range) * (0.01 * range), (0.03 * range) * (0.03 * range))
    let (side, height) = (8, x.count / max(width, 1))
    var (sum, count) = (0.0, 0)
    for j in stride(from: 0, to: max(1, height - side + 1), by: side) {
      for i in stride(from: 0, to: max(1, width - side + 1), by: side) {
        var (sx, sy, sxx, syy, sxy, n) = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
        for v in j..<min(j + side, height) {
          for u in i..<min(i + side, width) {
            let (p, q) = (Double(x[v * width + u] - least), Double(y[v * width + u] - least))
            sx += p
            sy += q
            sxx += p * p
            syy += q * q
            sxy += p * q
            n += 1
          }
        }
        let (mx, my) = (sx / n, sy / n)
        let (vx, vy, cov) = (sxx / n - mx * mx, syy / n - my * my, sxy / n - mx * my)
        // Air beside the patient is alike in any two slices, and says nothing.
        guard vx + vy > c2 else { continue }
        sum += (2 * mx * my + c1) * (2 * cov + c2) / ((mx * mx + my * my + c1) * (vx + vy + c2))
        count += 1
      }
    }
    return count == 0 ? 1 : sum / Double(count)
  }

  /// Over 50 bins of 10 HU.
  private static func distance(_ x: [Float], _ y: [Float]) -> Double {
    func cumulated(_ values: [Float]) -> [Double] {
      var bins = [Double](repeating: 0, count: 50)
      // What is clipped from below is air.
      for value in values where value > -200 { bins[min(Int((value + 200) / 10), 49)] += 1 }
      let total = max(bins.reduce(0, +), 1)
      var sum = 0.0
      return bins.map { bin in
        sum += bin / total
        return sum
      }
    }
    return zip(cumulated(x), cumulated(y)).reduce(0) { $0 + abs($1.0 - $1.1) } * 10
  }
}
