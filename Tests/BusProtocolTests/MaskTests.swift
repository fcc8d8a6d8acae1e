import BusProtocol
import JSONC
import Testing

@Suite struct MaskTests {
  @Test(
    "Most significant bit first, padded",
    arguments: [
      ([], []), ([1], [0x80]), ([0, 0, 0, 0, 0, 0, 0, 1], [0x01]),
      ([1, 0, 1, 0, 0, 0, 0, 0, 7], [0xA0, 0x80]),
      ([0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0], [0x7F, 0xC0]),
    ] as [([UInt8], [UInt8])])
  func bits(_ voxels: [UInt8], _ packed: [UInt8]) throws {
    #expect(MaskBits.pack(voxels) == packed)
    #expect(try MaskBits.unpack(packed, voxels: voxels.count) == voxels.map { $0 == 0 ? 0 : 1 })
  }

  @Test func bitsOfAnotherSize() {
    for voxels in [-1, 0, 8, 17] {
      #expect(throws: ProtocolError.self) {
        try MaskBits.unpack([0, 0] as [UInt8], voxels: voxels)
      }
    }
    #expect(throws: Never.self) { try MaskBits.unpack([0, 0] as [UInt8], voxels: 9) }
  }

  /// By hand, after COCO's definition: down the columns, zeros first.
  @Test(
    arguments: [
      (1, 1, [0], [1]), (1, 1, [1], [0, 1]), (2, 2, [0, 1, 0, 1], [2, 2]),
      (2, 2, [1, 1, 0, 0], [0, 1, 1, 1, 1]), (2, 3, [0, 1, 0, 0, 1, 1], [2, 2, 1, 1]),
      (3, 2, [1, 0, 1, 0, 0, 1], [0, 2, 3, 1]), (2, 2, [0, 0, 0, 0], [4]),
      (2, 2, [1, 1, 1, 1], [0, 4]), (0, 5, [], [0]),
    ] as [(Int, Int, [UInt8], [Int])])
  func runLengths(_ height: Int, _ width: Int, _ pixels: [UInt8], _ counts: [Int]) throws {
    let runs = RunLengths(pixels: pixels, height: height, width: width)
    #expect(runs.size == [height, width])
    #expect(runs.counts == counts)
    #expect(try runs.pixels() == pixels)
  }

  @Test func randomMasksSurvive() throws {
    var generator = SplitMix(state: 3)
    for _ in 0..<50 {
      let (height, width) = (
        Int.random(in: 1...9, using: &generator), Int.random(in: 1...9, using: &generator)
      )
      let pixels = (0..<height * width).map { _ in UInt8.random(in: 0...1, using: &generator) }
      let runs = RunLengths(pixels: pixels, height: height, width: width)
      #expect(try runs.pixels() == pixels)
      #expect(try MaskBits.unpack(MaskBits.pack(pixels), voxels: pixels.count) == pixels)
    }
  }

  @Test(
    arguments: [
      ([2, 2], [5], .invalidArgument), ([2, 2], [3], .invalidArgument),
      ([2, 2], [-1, 5], .invalidArgument), ([2, 2], [.max, 1], .invalidArgument),
      ([2], [2], .invalidArgument), ([-2, -2], [4], .invalidArgument),
      ([1 << 40, 1 << 40], [0], .tooLarge), ([1 << 20, 1 << 20], [1 << 40], .tooLarge),
    ] as [([Int], [Int], ErrorCode)])
  func hostileRunLengths(_ size: [Int], _ counts: [Int], _ code: ErrorCode) {
    let error = #expect(throws: ProtocolError.self) {
      try RunLengths(size: size, counts: counts).pixels()
    }
    #expect(error?.code == code)
  }

  @Test func imagesAndVolumes() throws {
    let slice = RunLengths(size: [1, 2], counts: [1, 1])
    let texts = [
      (#"{"size":[1,2],"counts":[1,1]}"#, RunLengthMask.image(slice)),
      (#"[{"size":[1,2],"counts":[1,1]},{"size":[1,2],"counts":[1,1]}]"#, .volume([slice, slice])),
    ]
    for (text, mask) in texts {
      #expect(try JSONCDecoder().decode(RunLengthMask.self, from: text) == mask)
      #expect(try String(decoding: JSONCEncoder().encode(mask), as: UTF8.self) == text)
    }
    #expect(try texts[1].1.voxels() == [0, 1, 0, 1])
    #expect(throws: ProtocolError.self) { try texts[1].1.voxels(maximum: 3) }
  }
}
