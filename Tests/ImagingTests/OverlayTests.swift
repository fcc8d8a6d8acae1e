import Imaging
import Testing

@Suite struct OverlayTests {
  private let image = MedicalImage(
    width: 8, height: 6, samples: (0..<48).map { Float($0) * 10 - 200 }, intensity: .hounsfield)

  @Test func masksAreTintedAndBordered() throws {
    var mask = BinaryMask(width: 8, height: 6)
    for y in 1..<5 { for x in 2..<6 { mask.voxels[y * 8 + x] = 1 } }
    let layer = Overlay.Layer(mask: mask, name: "box", color: [255, 0, 0])
    let bare = try Overlay.render(image, layers: [], minimumSide: 8)
    let drawn = try Overlay.render(image, layers: [layer], legend: false, minimumSide: 8)
    #expect(bare.width == 8 && bare.height == 6 && drawn.width == 8)
    for y in 0..<6 {
      for x in 0..<8 {
        let at = (y * 8 + x) * 3
        let (now, before) = (drawn.pixels[at..<at + 3], bare.pixels[at..<at + 3])
        let gray = min(max((Float((y * 8 + x) * 10 - 200) + 160) / 400, 0), 1) * 255
        #expect(abs(Float(before.first!) - gray) <= 1)
        if mask.voxels[y * 8 + x] == 0 {
          #expect(now == before)
        } else if x == 2 || x == 5 || y == 1 || y == 4 {
          #expect(Array(now) == [255, 0, 0])
        } else {
          #expect(now.first! > before.first! || before.first! == 255)
          #expect(now.last! < before.last! || before.last! == 0)
        }
      }
    }
  }

  @Test func legendNamesTheLayers() throws {
    let layers = ["liver", "left kidney"].map {
      Overlay.Layer(mask: BinaryMask(width: 8, height: 6), name: $0, color: [0, 200, 0])
    }
    let picture = try Overlay.render(image, layers: layers)
    #expect(picture.height == 288 && picture.width > 384)
    let panel = (0..<picture.height).flatMap { y in
      (384..<picture.width).map { x in
        Array(picture.pixels[(y * picture.width + x) * 3..<(y * picture.width + x) * 3 + 3])
      }
    }
    #expect(panel.filter { $0 == [0, 200, 0] }.count == 2 * 7 * 7)
    #expect(panel.filter { $0 == [235, 235, 235] }.count > 100)
    let png = try picture.png()
    let back = try ImageFile.decode(png, contentType: "image/png")
    #expect(back.samples == picture.pixels.map(Float.init))
  }

  @Test func everyLetterHasItsOwnShape() {
    var shapes = Set<[UInt8]>()
    for value in UInt8(32)...126 {
      var picture = Picture(width: 6, height: 7)
      picture.draw(String(UnicodeScalar(value)), x: 0, y: 0, color: [255, 255, 255])
      shapes.insert(picture.pixels)
    }
    #expect(shapes.count == 95)
    var picture = Picture(width: 3, height: 3)
    picture.draw("胰腺 beyond the edge", x: -2, y: 1, color: [1, 2, 3])
    #expect(picture.width == 3)
  }

  @Test func otherGridsAreRefused() {
    let layer = Overlay.Layer(mask: BinaryMask(width: 6, height: 8), name: "", color: [1, 2, 3])
    #expect(
      code { () throws(ImagingError) in _ = try Overlay.render(image, layers: [layer]) }
        == .mismatch)
  }
}
