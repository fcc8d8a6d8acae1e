import BusProtocol
import Imaging
import Testing

@testable import Server

/// Tensors of every datatype as samples.
struct ImageReaderTests {
  func read(
    _ datatype: Datatype, _ bytes: [UInt8], shape: [Int] = [1, 2],
    _ parameters: InputImageParameters = InputImageParameters(layout: .hw, modality: "CT")
  ) throws -> MedicalImage {
    let tensor = Tensor(name: "image", datatype: datatype, shape: shape, bytes: bytes)
    return try ImageReader(limits: ProtocolLimits())
      .read(InputImage(tensor: tensor, parameters: parameters), key: "k").image
  }

  @Test(arguments: [
    (Datatype.uint8, [1, 255], [1, 255], Intensity.raw),
    (.bool, [0, 1], [0, 1], .raw),
    (.int16, [0x18, 0xfc, 0, 1], [-1000, 256], .hounsfield),
    (.uint16, [0x18, 0xfc, 0, 1], [64536, 256], .raw),
    (.int32, [0xff, 0xff, 0xff, 0xff, 1, 0, 1, 0], [-1, 65537], .hounsfield),
    (.fp16, [0x00, 0x3c, 0x00, 0xc5], [1, -5], .hounsfield),
    (.fp32, [0, 0, 0x20, 0x41, 0, 0, 0, 0xbf], [10, -0.5], .hounsfield),
  ])
  func samplesAreLittleEndian(
    datatype: Datatype, bytes: [UInt8], samples: [Float], intensity: Intensity
  ) throws {
    let image = try read(datatype, bytes)
    #expect(image.samples == samples)
    #expect(image.intensity == intensity)
    #expect([image.width, image.height, image.depth] == [2, 1, 1])
  }

  @Test func layoutsGiveTheGrid() throws {
    let volume = try read(
      .uint8, [UInt8](0..<24), shape: [2, 3, 4],
      InputImageParameters(layout: .dhw, spacing: [1, 2, 3]))
    #expect(volume.gridShape == [2, 3, 4] && volume.isVolume && volume.hasSpacing)
    #expect(volume.affine.spacing == [1, 2, 3])
    let colour = try read(
      .uint8, [UInt8](0..<18), shape: [2, 3, 3], InputImageParameters(layout: .hwc))
    #expect(colour.gridShape == [2, 3] && colour.channels == 3 && !colour.hasSpacing)
    #expect(colour.samples == (0..<18).map(Float.init))
  }

  @Test(arguments: [
    (0x0001 as UInt16, 0x1p-24 as Float), (0x03ff, 0x1.ff8p-15), (0x0400, 0x1p-14),
    (0x7bff, 65504), (0x8000, -0.0), (0x3555, 0.333251953125), (0x7c00, .infinity),
  ])
  func halfFloatsAreExact(bits: UInt16, value: Float) {
    #expect(Float(halfBits: bits).bitPattern == value.bitPattern)
    #expect(Float(halfBits: 0x7e00).isNaN)
  }

  @Test func manyLabelsAreWide() throws {
    let map = LabelMap(width: 2, height: 1, labels: [1, 300])
    let wide = try MaskCoding.labels(map, count: 300, grid: [1, 2])
    #expect(wide.entry.datatype == .uint16 && wide.payload.array == [1, 0, 44, 1])
    let narrow = try MaskCoding.labels(map, count: 255, grid: [1, 2])
    #expect(narrow.entry.datatype == .uint8 && narrow.payload.count == 2)
  }
}
