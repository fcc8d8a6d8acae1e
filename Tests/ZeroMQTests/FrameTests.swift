import Testing
import ZeroMQ

struct FrameTests {
  @Test(arguments: [0, 1, 29, 30, 100_000])
  func bytesComeBack(count: Int) {
    let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 7) }
    let frame = Frame(bytes)
    #expect(frame.count == count)
    #expect(frame.bytes == bytes)
    #expect(frame == Frame(bytes.lazy.map { $0 }))
    #expect(frame.withBytes { $0.byteCount } == count)
  }

  @Test func framesAreFilledInPlace() throws {
    let frame = try Frame(count: 4) { $0.storeBytes(of: 0x0102, toByteOffset: 1, as: UInt16.self) }
    #expect(frame.bytes == [0, 2, 1, 0])
  }

  @Test(arguments: [-1, Int.max / 2])
  func impossibleSizesThrow(count: Int) {
    #expect(throws: ZMQError.self) { _ = try Frame(count: count) }
  }

  @Test func textAndSizes() {
    #expect(Frame("左肾").text == "左肾")
    #expect(Message("ab", "", "c").byteCount == 3)
    #expect(Frame("a") != Frame("b"))
  }
}
