/// Fills a grid with tissues, the later over the earlier.
struct Painter {
  let size: [Int]
  let spacing: [Double]
  var samples: [Float]
  var labels: [UInt16]

  init(size: [Int], spacing: [Double]) {
    self.size = size
    self.spacing = spacing
    samples = [Float](repeating: -1000, count: size.reduce(1, *))
    labels = [UInt16](repeating: 0, count: size.reduce(1, *))
  }

  /// Where voxel n of an axis lies; the grid's middle is 0.
  private func place(_ n: Int, _ axis: Int) -> Double {
    (Double(n) - Double(size[axis] - 1) / 2) * spacing[axis]
  }

  private func span(_ low: Double, _ high: Double, _ axis: Int) -> Range<Int> {
    let middle = Double(size[axis] - 1) / 2
    let first = min(max((low / spacing[axis] + middle).rounded(.down), 0), Double(size[axis]))
    let last = min(max((high / spacing[axis] + middle).rounded(.up) + 1, first), Double(size[axis]))
    return Int(first)..<Int(last)
  }

  mutating func paint(_ tissue: Tissue, texture: Double) {
    let (lower, upper) = tissue.solid.bounds
    let label =
      tissue.category.flatMap { Anatomy.categories.firstIndex(of: $0) }.map { UInt16($0 + 1) } ?? 0
    let columns = span(lower.x, upper.x, 0)
    for k in span(lower.z, upper.z, 2) {
      for j in span(lower.y, upper.y, 1) {
        for i in columns {
          let point = SIMD3(place(i, 0), place(j, 1), place(k, 2))
          guard tissue.solid.contains(point) else { continue }
          let at = (k * size[1] + j) * size[0] + i
          samples[at] = Float(tissue.hounsfield + (texture > 0 ? texture * Self.wave(point) : 0))
          labels[at] = label
        }
      }
    }
  }

  /// Slow waves in space, -1 to 1, from parabolas in place of sines.
  private static func wave(_ p: SIMD3<Double>) -> Double {
    func bump(_ t: Double) -> Double {
      let phase = t - t.rounded(.down)
      return phase < 0.5 ? 16 * phase * (0.5 - phase) : -16 * (phase - 0.5) * (1 - phase)
    }
    return (bump(p.x / 23 + p.y / 61) + bump(p.y / 19 - p.z / 47) + bump(p.z / 29 + p.x / 53)) / 3
  }

  /// What a scanner's focus does: ¼ ½ ¼ across and down each slice.
  mutating func blur() {
    let (width, height) = (size[0], size[1])
    var line = [Float](repeating: 0, count: max(width, height))
    for k in 0..<size[2] {
      let slice = k * width * height
      for j in 0..<height { smooth(slice + j * width, 1, width, &line) }
      for i in 0..<width { smooth(slice + i, width, height, &line) }
    }
  }

  private mutating func smooth(_ start: Int, _ step: Int, _ count: Int, _ line: inout [Float]) {
    for n in 0..<count { line[n] = samples[start + n * step] }
    for n in 0..<count {
      let (before, after) = (line[max(n - 1, 0)], line[min(n + 1, count - 1)])
      samples[start + n * step] = before * 0.25 + line[n] * 0.5 + after * 0.25
    }
  }

  /// Noise that neighbours in a row share a little.
  mutating func addNoise(_ random: inout SplitMix64, deviation: Double) {
    guard deviation > 0 else { return }
    var last = 0.0
    for n in 0..<samples.count {
      let fresh = random.bell() * deviation
      samples[n] += Float(fresh * 0.75 + last * 0.35)
      last = fresh
    }
  }
}
