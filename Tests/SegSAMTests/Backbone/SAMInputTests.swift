import Foundation
import Imaging
import OpenVINORuntime
import Testing

@testable import SegSAM

@Suite("Segment Anything's input and sizes")
struct SAMInputTests {
  private func configuration(_ kind: SAMConfiguration.Preprocessing) -> SAMConfiguration {
    var c = SAMConfiguration()
    (c.imageSize, c.preprocessing) = (32, kind)
    return c
  }

  /// 16 wide, 8 high; red grows to the right, green downwards, blue is 51.
  private var colours: MedicalImage {
    var samples: [Float] = []
    for y in 0..<8 {
      for x in 0..<16 { samples += [Float(x * 16), Float(y * 32), 51] }
    }
    return MedicalImage(width: 16, height: 8, channels: 3, samples: samples)
  }

  @Test("the longest side fills the square, and what is padded is 0 after normalisation")
  func padding() throws {
    let c = configuration(.sam)
    let pixels = try SAMInput.pixels(colours, slice: 0, configuration: c)
    try #require(pixels.count == 3 * 32 * 32)
    let blue = Float((51 - c.pixelMean[2]) / c.pixelDeviation[2])
    for y in 0..<32 {
      for x in [0, 15, 31] {
        let value = pixels[(2 * 32 + y) * 32 + x]
        #expect(abs(value - (y < 16 ? blue : 0)) < 1e-4)
      }
    }
    // Twice as large: pixel 1 of the square lies a quarter of the way from pixel 0 to pixel 1.
    let red = Float((4 - c.pixelMean[0]) / c.pixelDeviation[0])
    #expect(abs(pixels[1] - red) < 1e-4)
  }

  @Test("a square is filled, each way by its own scale", arguments: [false, true])
  func square(_ isMedSAM: Bool) throws {
    let c = configuration(isMedSAM ? .medsam : .sammed2d)
    let pixels = try SAMInput.pixels(colours, slice: 0, configuration: c)
    let last = pixels[(32 + 31) * 32 + 5]
    if isMedSAM {
      // Of all three colours together: from 0 to 240.
      #expect(pixels.min() == 0 && abs((pixels.max() ?? 0) - 1) < 1e-5)
      #expect(abs(last - 224 / 240) < 1e-5)
    } else {
      #expect(abs(last - Float((224 - c.pixelMean[1]) / c.pixelDeviation[1])) < 1e-4)
    }
  }

  @Test("HU are seen by the window for soft tissue, the same in all colours")
  func hounsfield() throws {
    let image = MedicalImage(
      width: 2, height: 2, samples: [-1000, -160, 40, 3000], modality: .ct, intensity: .hounsfield)
    var c = configuration(.medsam)
    c.imageSize = 2
    let pixels = try SAMInput.pixels(image, slice: 0, configuration: c)
    #expect(pixels == [0, 0, 0.5, 1, 0, 0, 0.5, 1, 0, 0, 0.5, 1])
  }

  @Test("places are fractions of the square, half a pixel on, as Segment Anything's")
  func places() throws {
    let geometry = try SliceGeometry(colours, side: 32)
    let click = QueryRun.Spot(at: [3, 2, 0], isPositive: false)
    let one = SAMPrompt(box: nil, clicks: [click], geometry: geometry)
    #expect(one.isAmbiguous && one.places.map(\.kind) == [.negative, .none])
    #expect(one.places[0].x == 6.5 / 32 && one.places[0].y == 4.5 / 32)
    let both = SAMPrompt(box: (0, 1, 16, 8), clicks: [click], geometry: geometry)
    #expect(both.places.map(\.kind) == [.negative, .boxTopLeft, .boxBottomRight])
    #expect(both.places[2].x == 1 && both.places[2].y == 16.5 / 32 && !both.isAmbiguous)
    #expect(both.used.floats?.prefix(4) == [1, 1, 1, 0])
    let stretched = try SliceGeometry(colours, side: 32, isStretched: true)
    let other = SAMPrompt(box: nil, clicks: [click], geometry: stretched)
    #expect(other.places[0].x == 6.5 / 32 && other.places[0].y == 8.5 / 32)
  }

  @Test("masks leave the padding out, and come back on the slice's grid", arguments: [false, true])
  func backOnSlice(_ isStretched: Bool) throws {
    let geometry = try SliceGeometry(colours, side: 32, isStretched: isStretched)
    // Something in the upper left quarter of the square, which is half of what is padded.
    let logits = (0..<64).map { Float($0 % 8 < 4 && $0 / 8 < 4 ? 1 : -1) }
    let mask = geometry.onSlice(logits).map { $0 > 0 }
    let (columns, lines) = (8, isStretched ? 4 : 8)
    #expect(mask.count == 16 * 8 && mask.count { $0 } == columns * lines)
    #expect(mask[(lines - 1) * 16 + columns - 1])
  }

  @Test("tables of relative positions are interpolated to the length that is needed")
  func tables() {
    #expect(SAMAttention.picks(2, from: 3) == [0, 1, 0, 1, 0, 0, 0, 0, 1, 0, 1, 0])
    // Five entries from three: the middle stays, the first is the first.
    let picks = SAMAttention.picks(3, from: 3)
    #expect(Array(picks[0..<3]) == [0, 1, 0] && Array(picks[6..<9]) == [1, 0, 0])
    #expect(picks.count == 27 && abs(picks.reduce(0, +) - 9) < 1e-5)
  }

  @Test(
    "sizes that cannot be are refused",
    arguments: [
      #""imageSize" : 1030"#, #""width" : 770"#, #""globalBlocks" : [ 12 ]"#,
      #""promptWidth" : 252"#, #""depth" : 1000000"#, #""pixelDeviation" : [ 1, 0, 1 ]"#,
      #""candidates" : 0"#,
    ])
  func sizes(_ wrong: String) throws {
    let good = try JSONEncoder().encode(SAMConfiguration())
    let changed = try #require(
      try JSONSerialization.jsonObject(with: good) as? [String: Any]
    ).merging(
      try #require(
        try JSONSerialization.jsonObject(with: Data("{\(wrong)}".utf8)) as? [String: Any])
    ) { $1 }
    let read = try JSONDecoder().decode(
      SAMConfiguration.self, from: JSONSerialization.data(withJSONObject: changed))
    #expect(throws: BundleError.self) { try read.check("manifest.json") }
    #expect(throws: Never.self) { try SAMConfiguration().check("manifest.json") }
  }

  @Test("a manifest that does not say how images are prepared means Segment Anything's way")
  func unsaid() throws {
    var object = try #require(
      try JSONSerialization.jsonObject(with: JSONEncoder().encode(SAMConfiguration()))
        as? [String: Any])
    object["preprocessing"] = nil
    let read = try JSONDecoder().decode(
      SAMConfiguration.self, from: JSONSerialization.data(withJSONObject: object))
    #expect(read.preprocessing == nil && !read.isStretched)
  }
}
