import Testing

@testable import Volumetrics

@Suite("Sliding windows")
struct WindowTests {
  @Test(
    "cover a line, overlap by a quarter, and share it without gaps",
    arguments: [1, 200, 256, 257, 300, 512, 1000, 2048])
  func cover(extent: Int) {
    let windows = Windows.line(extent, 256)
    #expect(windows.first?.shown.lowerBound == 0)
    #expect(windows.last?.shown.upperBound == extent)
    var next = 0
    for window in windows {
      #expect(window.owned.lowerBound == next)
      #expect(window.shown.contains(window.owned.lowerBound))
      #expect(window.owned.upperBound <= window.shown.upperBound)
      next = window.owned.upperBound
    }
    #expect(next == extent)
    for (a, b) in zip(windows, windows.dropFirst()) {
      #expect(a.shown.upperBound - b.shown.lowerBound >= 64)
    }
  }
}
