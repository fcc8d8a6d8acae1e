import Imaging
import Testing

@testable import Training

@Suite("Warps")
struct WarpTests {
  @Test(
    "the plain view is that of serving",
    arguments: [(40, 30, 32), (30, 40, 32), (16, 16, 32), (64, 64, 32), (512, 256, 128)])
  func plain(width: Int, height: Int, size: Int) throws {
    let image = MedicalImage(
      width: width, height: height, samples: [Float](repeating: 0, count: width * height))
    let input = try NetworkInput(image, side: size)
    let warp = Warp.plain(width: width, height: height, size: size)
    for (x, y) in [(0, 0), (3, 7), (width - 1, height - 1)] {
      // Network positions count from pixels' edges, the warp's from their centres.
      let at = input.networkPoint(x: Double(x), y: Double(y))
      let (px, py) = (Float(at.x) - 0.5, Float(at.y) - 0.5)
      #expect(abs(warp.xx * px + warp.xy * py + warp.x0 - Float(x)) < 1e-3)
      #expect(abs(warp.yx * px + warp.yy * py + warp.y0 - Float(y)) < 1e-3)
    }
  }

  @Test(
    "pixels and labels of the plain view are those of serving", arguments: [(40, 30), (16, 12)])
  func samples(width: Int, height: Int) throws {
    let size = 32
    var random = SeededRandom(seed: 9)
    let plane = width * height
    var pixels = [UInt8](repeating: 0, count: 3 * plane)
    for c in 0..<3 {
      for i in 0..<plane {
        pixels[c * plane + i] = UInt8(20 + 3 * (i % width) + 2 * (i / width) + 20 * c)
      }
    }
    let labels = (0..<plane).map { _ in UInt8(random.below(4)) }
    let slice = TrainingSlice(
      dataSet: 0, caseIndex: 0, slice: 0, width: width, height: height, channels: 3,
      pixels: pixels, labels: labels, counts: [:])
    let input = try NetworkInput(
      MedicalImage(
        width: width, height: height, channels: 3,
        samples: (0..<3 * plane).map { Float(pixels[($0 % 3) * plane + $0 / 3]) }), side: size)

    let warp = Warp.plain(width: width, height: height, size: size)
    var out = [Float](repeating: 0, count: 3 * size * size)
    var inside = [Bool](repeating: false, count: size * size)
    slice.sample(warp, size: size, into: &out, inside: &inside)
    var worst: Float = 0
    for y in 0..<size {
      for x in 0..<size {
        #expect(inside[y * size + x] == (x < input.scaledWidth && y < input.scaledHeight))
        guard inside[y * size + x] else { continue }
        for c in 0..<3 {
          let at = (c * size + y) * size + x
          worst = max(
            worst, abs(out[at] - (input.pixels[at] * NetworkInput.deviation + NetworkInput.mean)))
        }
      }
    }
    #expect(worst < 0.005)

    var sampled = [UInt8](repeating: 9, count: size * size)
    slice.sampleLabels(warp, size: size, into: &sampled)
    let map = LabelMap(width: width, height: height, labels: labels.map(UInt16.init))
    #expect(sampled.map(UInt16.init) == input.resizeLabels(map, side: size))
  }

  @Test("a view puts its centre where it is told, turned, enlarged and mirrored")
  func view() {
    let warp = Warp.view(
      width: 100, height: 80, size: 50, angle: 0.3, zoom: 2, stretch: 1, centre: (30, 40),
      at: (0.25, 0.75), mirror: true)
    #expect(abs(warp.xx * 12.5 + warp.xy * 37.5 + warp.x0 - 30) < 1e-4)
    #expect(abs(warp.yx * 12.5 + warp.yy * 37.5 + warp.y0 - 40) < 1e-4)
    // 100 pixels on 50, enlarged twice: one slice pixel a network pixel.
    #expect(abs(warp.step - 1) < 1e-5)
    #expect(warp.xx * warp.yy - warp.xy * warp.yx < 0)
  }

  @Test("images are mirrored only where they may be", arguments: [true, false])
  func mirrors(mirrors: Bool) {
    let slice = TrainingSlice(
      dataSet: 0, caseIndex: 0, slice: 0, width: 8, height: 8, channels: 1,
      pixels: [UInt8](repeating: 0, count: 64), labels: [UInt8](repeating: 0, count: 64),
      counts: [:])
    var random = SeededRandom(seed: 12)
    let turned = (0..<300).count { i in
      let warp = Augmentation().view(
        of: slice, size: 16, focus: i % 2 == 0 ? nil : (3, 3), mirrors: mirrors, random: &random)
      return warp.xx * warp.yy - warp.xy * warp.yx < 0
    }
    #expect(mirrors ? (90...200).contains(turned) : turned == 0)
  }

  @Test("varied grey levels stay in range, and without variation are what they were")
  func grey() {
    var random = SeededRandom(seed: 2)
    let values = (0..<256).map { Float($0) / 255 }
    var varied = values
    var none = Augmentation()
    (none.gamma, none.contrast, none.brightness, none.noise) = (0, 0, 0, 0)
    none.vary(&varied, plane: 256, channels: 1, random: &random)
    #expect(zip(values, varied).allSatisfy { abs($0 - $1) < 0.005 })
    var strong = Augmentation()
    strong.noise = 0
    strong.vary(&varied, plane: 256, channels: 1, random: &random)
    #expect(varied.allSatisfy { (0...1).contains($0) })
    #expect(varied != values)
  }

  @Test("an elastic deformation shifts image and labels alike, and is smooth")
  func bends() throws {
    let (w, h) = (64, 64)
    var random = SeededRandom(seed: 7)
    // A disc, bright where it is labelled.
    let labels = (0..<w * h).map { i -> UInt8 in
      let (x, y) = (i % w - 30, i / w - 34)
      return x * x + y * y < 200 ? 1 : 0
    }
    let slice = TrainingSlice(
      dataSet: 0, caseIndex: 0, slice: 0, width: w, height: h, channels: 1,
      pixels: labels.map { $0 * 255 }, labels: labels, counts: [1: labels.count { $0 == 1 }])
    var always = Augmentation()
    always.bendChance = 1
    let warp = Warp.plain(width: w, height: h, size: 64)
    let bend = try #require(always.bend(warp, size: 64, random: &random))
    #expect(bend.x.contains { abs($0) > 0.5 })
    for y in 0..<64 {
      for x in 1..<64 {
        #expect(abs(bend.x[y * 64 + x] - bend.x[y * 64 + x - 1]) < 0.6)
      }
    }
    var values = [Float](repeating: 0, count: 64 * 64)
    var inside = [Bool](repeating: false, count: 64 * 64)
    var found = [UInt8](repeating: 0, count: 64 * 64)
    slice.sample(warp, bend: bend, size: 64, into: &values, inside: &inside)
    slice.sampleLabels(warp, bend: bend, size: 64, into: &found)
    #expect(found != labels)
    let wrong = found.indices.count { (values[$0] > 0.5) != (found[$0] == 1) }
    #expect(wrong < 12)
  }

  @Test("degraded images keep their mean, and lose detail when blurred or coarsened")
  func degrades() {
    var random = SeededRandom(seed: 3)
    var blurs = Augmentation()
    (blurs.driftChance, blurs.blurChance, blurs.coarseChance) = (0, 1, 1)
    let checks = (0..<1024).map { (n: Int) -> Float in (n % 32 + n / 32) % 2 == 0 ? 0 : 1 }
    var values = checks
    blurs.degrade(&values, size: 32, channels: 1, random: &random)
    #expect(abs(values.reduce(0, +) / 1024 - 0.5) < 0.02)
    #expect((values.max() ?? 1) - (values.min() ?? 0) < 0.9)
    (blurs.blurChance, blurs.coarseChance) = (0, 0)
    values = checks
    blurs.degrade(&values, size: 32, channels: 1, random: &random)
    #expect(values == checks)
  }

  @Test("grey levels keep their order and their range, and only colours change each by itself")
  func variation() {
    var augmentation = Augmentation()
    (augmentation.noise, augmentation.curveChance) = (0, 1)
    let ramp = (0..<256).map { Float($0) / 255 }
    for seed in 0..<40 as Range<UInt64> {
      var random = SeededRandom(seed: seed)
      var gray = ramp + ramp + ramp
      augmentation.vary(&gray, plane: 256, channels: 3, random: &random)
      #expect(gray.allSatisfy { (0...1).contains($0) })
      #expect(zip(gray[..<255], gray[1..<256]).allSatisfy { $0 <= $1 })
      #expect(gray[..<256] == gray[256..<512] && gray[..<256] == gray[512...])
      #expect(gray[250] > gray[5])
      var colour = ramp + ramp + ramp
      augmentation.vary(&colour, plane: 256, channels: 3, isColour: true, random: &random)
      #expect(colour[..<256] != colour[256..<512])
    }
  }
}
