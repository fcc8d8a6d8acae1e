import Testing

@testable import Imaging

private func near(_ a: [Float], _ b: [Float], _ tolerance: Float = 1e-5) -> Bool {
  a.count == b.count && zip(a, b).allSatisfy { abs($0 - $1) <= tolerance }
}

@Suite struct ResamplingTests {
  @Test func enlargingIsBilinear() throws {
    // Centres of 4 pixels over 2 lie at 0.25, 0.75, 1.25, 1.75: weights 1, ¾ ¼, ¼ ¾, 1.
    let row = try #require(
      Resampling.resize([0, 8], width: 2, height: 1, toWidth: 4, toHeight: 1))
    #expect(near(row, [0, 2, 6, 8]))
    let column = try #require(
      Resampling.resize([0, 8], width: 1, height: 2, toWidth: 1, toHeight: 4))
    #expect(near(column, [0, 2, 6, 8]))
  }

  @Test func shrinkingAverages() throws {
    // Half: a triangle two pixels to each side: distances ½ ½ 1½ (one tap is beyond the edge).
    let row = try #require(
      Resampling.resize([1, 0, 0, 0], width: 4, height: 1, toWidth: 2, toHeight: 1))
    #expect(near(row, [0.75 / 1.75, 0]))
    let inner = try #require(
      Resampling.resize(
        [0, 0, 0, 1, 0, 0, 0, 0], width: 8, height: 1, toWidth: 4, toHeight: 1))
    #expect(near(inner, [0, 0.375, 0.125, 0]))
  }

  @Test(arguments: [(7, 5), (13, 29), (64, 3), (1, 9), (31, 31)])
  func keepsConstantsAndStraightLines(from: Int, to: Int) throws {
    let flat = try #require(
      Resampling.resize(
        [Float](repeating: 3, count: from * 2), width: from, height: 2, toWidth: to, toHeight: 5))
    #expect(near(flat, [Float](repeating: 3, count: to * 5)))
    let ramp = (0..<from).map { Float($0) + 0.5 }
    let line = try #require(
      Resampling.resize(ramp, width: from, height: 1, toWidth: to, toHeight: 1))
    let step = Float(from) / Float(to)
    let margin = max(step, 1) + 1
    for n in 0..<to {
      let centre = (Float(n) + 0.5) * step
      if centre > margin && centre < Float(from) - margin { #expect(abs(line[n] - centre) < 0.26) }
    }
  }

  @Test func wrongSizes() {
    #expect(Resampling.resize([1, 2], width: 3, height: 1, toWidth: 1, toHeight: 1) == nil)
    #expect(Resampling.resize([1], width: 1, height: 1, toWidth: 0, toHeight: 1) == nil)
  }

  @Test func orderStatisticsAgainstSorting() {
    var random = TestGenerator(state: 3)
    for count in [1, 2, 3, 100, 1001] {
      let values = (0..<count).map { _ in
        Float.random(in: -1000...1000, using: &random) * (Bool.random(using: &random) ? 1 : 1e-6)
      }
      var order = OrderStatistics(values)
      let sorted = values.sorted()
      for rank in 0..<min(count, 100) {
        let value = order.value(rank: rank)
        #expect(value == sorted[rank])
      }
      let ends = [order.percentile(0), order.percentile(100)]
      #expect(ends == [sorted.first, sorted.last])
    }
    var (two, none, bytes) = (
      OrderStatistics([0, 10]), OrderStatistics([]),
      OrderStatistics((0..<256).map { Float(255 - $0) })
    )
    let results = (two.percentile(25), none.percentile(50), bytes.value(rank: 77))
    #expect(results.0 == 2.5 && results.1 == nil && results.2 == 77)
  }
}

@Suite struct NetworkInputTests {
  @Test func houndsfieldWindows() throws {
    let values: [Float] = [-1000, -160, 40, 240, 50, 100, 3000, .nan]
    let image = MedicalImage(width: 4, height: 2, samples: values, intensity: .hounsfield)
    let input = try NetworkInput(image, side: 4)
    let unit: [[Float]] = [
      [0, 0, 0.5, 1, 0.525, 0.65, 1, 0],
      [0, 0.42, 0.52, 0.62, 0.525, 0.55, 1, 0.42],
      [0, 0, 0.4, 1, 0.5, 1, 1, 0],
    ]
    for c in 0..<3 {
      let got = Array(input.pixels[c * 16..<c * 16 + 8])
      #expect(near(got, unit[c].map { ($0 - 0.5) / 0.25 }), "channel \(c)")
      #expect(input.pixels[c * 16 + 8..<c * 16 + 16].allSatisfy { $0 == -2 })
    }
  }

  @Test func grayIsStretchedBetweenItsPercentiles() throws {
    // 0…999: numpy's percentile(0.5) is 4.995, percentile(99.5) 994.005.
    let image = MedicalImage(width: 40, height: 25, samples: (0..<1000).map(Float.init))
    let input = try NetworkInput(image, side: 40)
    for n in [0, 4, 5, 500, 994, 995, 999] {
      let unit = min(max((Float(n) - 4.995) / (994.005 - 4.995), 0), 1)
      for c in 0..<3 {
        #expect(abs(input.pixels[c * 1600 + n] - (unit - 0.5) / 0.25) < 1e-4)
      }
    }
  }

  @Test func colourAndGrayStoredAsColour() throws {
    let colour = MedicalImage(width: 2, height: 1, channels: 3, samples: [0, 51, 255, 102, 0, 0])
    let input = try NetworkInput(colour, side: 2)
    #expect(near(Array(input.pixels[0..<2]), [-2, -0.4]))
    #expect(near(Array(input.pixels[4..<6]), [-1.2, -2]))
    #expect(near(Array(input.pixels[8..<10]), [2, -2]))
    let levels = (0..<100).map { Float($0 * $0 % 97) }
    let gray = MedicalImage(width: 10, height: 10, samples: levels)
    let triple = MedicalImage(
      width: 10, height: 10, channels: 3, samples: levels.flatMap { [$0, $0, $0] })
    #expect(try NetworkInput(gray, side: 16).pixels == NetworkInput(triple, side: 16).pixels)
  }

  @Test func uniformAndStrangeSlices() throws {
    for samples in [[Float](repeating: 7, count: 12), [Float](repeating: .nan, count: 12)] {
      let input = try NetworkInput(MedicalImage(width: 4, height: 3, samples: samples), side: 8)
      #expect(input.pixels.allSatisfy { $0 == -2 })
    }
    let wild = MedicalImage(
      width: 2, height: 2, samples: [.infinity, -.infinity, .greatestFiniteMagnitude, 3])
    #expect(try NetworkInput(wild, side: 8).pixels.allSatisfy { $0.isFinite })
    var lone = [Float](repeating: 0, count: 1000)
    lone[500] = 9
    let input = try NetworkInput(MedicalImage(width: 1000, height: 1, samples: lone), side: 1000)
    #expect(input.pixels[500] == 2)
    #expect(
      code { () throws(ImagingError) in
        _ = try NetworkInput(MedicalImage(width: 1, height: 1, samples: [0]), slice: 1, side: 8)
      } == .mismatch)
  }

  @Test(arguments: [(512, 512), (320, 243), (100, 400), (257, 256), (3, 1000)])
  func longestSideFillsTheSquare(width: Int, height: Int) throws {
    let image = MedicalImage(
      width: width, height: height, samples: [Float](repeating: 1, count: width * height))
    let input = try NetworkInput(image, side: 128)
    #expect(max(input.scaledWidth, input.scaledHeight) == 128)
    #expect(abs(Double(input.scaledWidth) - Double(128 * width) / Double(max(width, height))) < 1)
    let corner = input.networkPoint(x: Double(width) - 0.5, y: Double(height) - 0.5)
    #expect(abs(corner.x - Double(input.scaledWidth)) < 1e-9)
    let box = input.networkBox(x0: 0, y0: 0, x1: Double(width), y1: Double(height))
    #expect(box.x0 == 0 && abs(box.y1 - Double(input.scaledHeight)) < 1e-9)
  }

  /// Logits that are a plane over the square stay that plane, wherever the grids' edges fall.
  @Test(arguments: [(200, 150, 128, 32), (60, 90, 256, 64), (128, 128, 128, 128)])
  func logitsComeBackInPlace(width: Int, height: Int, side: Int, s: Int) throws {
    let image = MedicalImage(
      width: width, height: height, samples: [Float](repeating: 0, count: width * height))
    let input = try NetworkInput(image, side: side)
    let cell = Double(side) / Double(s)
    let plane = { (x: Double, y: Double) in Float(0.03 * x - 0.05 * y + 1) }
    let logits = (0..<s * s).map { n in
      plane((Double(n % s) + 0.5) * cell, (Double(n / s) + 0.5) * cell)
    }
    let back = try #require(input.resizeLogits(logits, side: s))
    #expect(back.count == width * height)
    for y in 0..<height {
      for x in 0..<width {
        let at = input.networkPoint(x: Double(x), y: Double(y))
        guard at.x > cell / 2, at.y > cell / 2, at.x < Double(side) - cell / 2,
          at.y < Double(side) - cell / 2
        else { continue }
        if abs(back[y * width + x] - plane(at.x, at.y)) > 1e-4 {
          Issue.record("(\(x), \(y)): \(back[y * width + x]), not \(plane(at.x, at.y))")
          return
        }
      }
    }
    #expect(input.resizeLogits([1, 2], side: 2) == nil)
  }

  @Test func labelsOnTheNetworksGrid() throws {
    let image = MedicalImage(width: 4, height: 2, samples: [Float](repeating: 0, count: 8))
    let input = try NetworkInput(image, side: 8)
    let map = LabelMap(width: 4, height: 2, labels: [1, 2, 3, 4, 5, 6, 7, 8])
    #expect(
      input.resizeLabels(map, side: 4) == [1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0, 0, 0, 0, 0])
    #expect(input.resizeLabels(map, side: 2) == [6, 8, 0, 0])
    #expect(input.resizeLabels(map, side: 8)?[..<8] == [1, 1, 2, 2, 3, 3, 4, 4])
    #expect(input.resizeLabels(LabelMap(width: 3, height: 2), side: 4) == nil)
  }

  /// A volume whose slices are all different, `spacing` millimetres apart.
  private func stack(_ depth: Int, spacing: Double, intensity: Intensity) -> MedicalImage {
    let samples = (0..<depth * 24).map { (n: Int) -> Float in
      let level = n * 37 % 101 + n / 24
      return Float(level - 40)
    }
    return MedicalImage(
      width: 6, height: 4, depth: depth, samples: samples,
      affine: .radiological(spacing: [1, 1, spacing]), intensity: intensity, isVolume: true,
      hasSpacing: true)
  }

  @Test(arguments: [(1.0, [0, 5]), (2.0, [0, 4]), (3.0, [1, 3]), (9.0, [1, 3]), (0.1, [0, 5])])
  func neighboursByDistance(spacing: Double, others: [Int]) throws {
    for intensity in [Intensity.hounsfield, .raw] {
      let volume = stack(6, spacing: spacing, intensity: intensity)
      let alone = try NetworkInput(volume, slice: 2, side: 8)
      let input = try NetworkInput(volume, slice: 2, side: 8, sliceReach: 3)
      #expect(alone.pixels.count == 3 * 64 && input.pixels.count == 5 * 64)
      #expect(input.pixels[..<192] == alone.pixels[...])
      for (n, other) in others.enumerated() {
        let theirs = try NetworkInput(volume, slice: other, side: 8).pixels[..<64]
        #expect(Array(input.pixels[(3 + n) * 64..<(4 + n) * 64]) == Array(theirs))
        #expect(Array(theirs) != Array(alone.pixels[..<64]))
      }
    }
  }

  @Test func aSliceWithoutNeighboursStandsForThem() throws {
    let volume = stack(3, spacing: 3, intensity: .hounsfield)
    let first = try NetworkInput(volume, slice: 0, side: 8, sliceReach: 3)
    #expect(first.pixels[192..<256].elementsEqual(first.pixels[..<64]))
    #expect(!first.pixels[256...].elementsEqual(first.pixels[..<64]))
    let picture = try NetworkInput(stack(1, spacing: 3, intensity: .raw), side: 8, sliceReach: 3)
    #expect(picture.pixels[192..<256].elementsEqual(picture.pixels[..<64]))
    #expect(picture.pixels[256...].elementsEqual(picture.pixels[..<64]))
    // Without a spacing the next slice is a neighbour.
    var bare = volume
    bare.hasSpacing = false
    #expect(NetworkInput.neighbours(of: 1, in: bare, reach: 100) == [0, 2])
  }
}
