import Foundation
import Testing

@testable import Journal

/// The parts that need no database.
struct FrameCodingTests {
  static let messages: [[[UInt8]]] = [
    [], [[]], [[1]], [[1, 2, 3], [], [4, 5, 6, 7, 8, 9, 10, 11, 12]],
    [[UInt8](repeating: 0, count: 1000)],
  ]

  @Test(arguments: messages) func framesComeBackAsTheyWere(frames: [[UInt8]]) throws {
    let data = try #require(FrameCoding.encode(frames))
    #expect(FrameCoding.decode(data) == frames)
    #expect(data.count == FrameCoding.count(frames))
  }

  /// The format is on disks: it must not change unnoticed. (The sum is from a script apart.)
  @Test func theFormatIsFixed() throws {
    let data = try #require(FrameCoding.encode([[1, 2], []]))
    #expect(data[0] == 1)
    #expect(Array(data[9...]) == [2, 0, 0, 0, 2, 0, 0, 0, 1, 2, 0, 0, 0, 0])
    #expect(Array(data[1..<9]) == [110, 236, 150, 22, 110, 84, 191, 51])
  }

  @Test(arguments: messages) func anyOtherByteIsSeen(frames: [[UInt8]]) throws {
    let data = try #require(FrameCoding.encode(frames))
    for index in data.indices {
      for bit in 0..<8 {
        var damaged = data
        damaged[index] ^= 1 << bit
        #expect(FrameCoding.decode(damaged) == nil)
      }
    }
  }

  @Test(arguments: messages) func anyOtherLengthIsSeen(frames: [[UInt8]]) throws {
    let data = try #require(FrameCoding.encode(frames))
    for count in 0..<data.count { #expect(FrameCoding.decode(data.prefix(count)) == nil) }
    #expect(FrameCoding.decode(data + [0]) == nil)
  }

  @Test func slicesAreReadFromTheirStart() throws {
    let data = try #require(FrameCoding.encode([[1, 2, 3]]))
    #expect(FrameCoding.decode((Data([9, 9, 9]) + data).dropFirst(3)) == [[1, 2, 3]])
  }
}

struct TopicFilterTests {
  /// Against the definition.
  @Test func itIsTheSameAsTryingEachPrefix() {
    var random = Seeded(state: 3)
    func text() -> String {
      String(
        (0..<Int.random(in: 0...5, using: &random)).map { _ in "ab%".randomElement(using: &random)!
        })
    }
    for _ in 1...400 {
      let prefixes = (0..<Int.random(in: 0...6, using: &random)).map { _ in text() }
      let filter = TopicFilter(prefixes)
      for _ in 1...10 {
        let topic = text()
        #expect(filter.matches(Array(topic.utf8)) == prefixes.contains { topic.hasPrefix($0) })
      }
    }
  }
}
