import Checkpoints
import Foundation
import Testing

/// Every broken or malicious file gives an error that says what to do, soon, and nothing is run.
@Suite("Hostile checkpoints")
struct HostileTests {
  static let canary = "/tmp/segsam-checkpoints-canary"

  /// One of these stands in every message.
  static let advice = [
    "fetch it again", "save", "convert", "check the path", "name the file", "unpack", "git lfs",
    "copy it", "right file", "fetch the file",
  ]

  static let all: [Hostile] =
    Hostile.files + Hostile.archives + Hostile.programs + Hostile.pickles + Hostile.tensors
    + Hostile.legacy + Hostile.safetensors

  @Test(arguments: all)
  func refused(_ hostile: Hostile) throws {
    let scratch = try Scratch()
    let path = try hostile.write(scratch)
    let start = ContinuousClock.now
    let error = #expect(throws: CheckpointError.self) { try Self.readAll(path) }
    #expect(ContinuousClock.now - start < .seconds(20))
    #expect(error?.code == hostile.code, "\(error?.message ?? "")")
    let message = error?.message ?? ""
    #expect(message.hasPrefix(path))
    #expect(hostile.says.isEmpty || message.contains(hostile.says), "\(message)")
    #expect(Self.advice.contains { message.contains($0) }, "\(message)")
    #expect(message.count < 1000)
    #expect(!FileManager.default.fileExists(atPath: Self.canary))
  }

  @Test func many() { #expect(Self.all.count > 120) }

  /// Cut off anywhere, a file is refused, or all of its numbers are there.
  @Test(arguments: ["numbers.pth", "numbers-legacy.pth", "numbers.safetensors"])
  func truncated(_ name: String) throws {
    let bytes = try Fixture.bytes(name)
    let scratch = try Scratch()
    for length in stride(from: 0, to: bytes.count, by: 37) {
      let path = try scratch.file(Array(bytes[..<length]))
      #expect(throws: CheckpointError.self, "\(length)") { try Self.readAll(path) }
    }
  }

  /// One byte changed anywhere: an error or numbers, never a trap.
  @Test(arguments: ["numbers.pth", "numbers-legacy.pth", "training.pth", "numbers.safetensors"])
  func changed(_ name: String) throws {
    let bytes = try Fixture.bytes(name)
    let scratch = try Scratch()
    var random = SplitMix(20_261_126)
    for _ in 0..<400 {
      var copy = bytes
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        copy[Int.random(in: copy.indices, using: &random)] = .random(in: 0...255, using: &random)
      }
      try? Self.readAll(try scratch.file(copy))
    }
    #expect(!FileManager.default.fileExists(atPath: Self.canary))
  }

  /// What is asked of memory stays in proportion to the file: the whole run fits in a gigabyte.
  @Test func memory() throws {
    for hostile in Hostile.archives + Hostile.pickles {
      try? Self.readAll(try hostile.write(try Scratch()))
    }
    let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
    let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") })
    let kilobytes = try #require(line.split(whereSeparator: \.isWhitespace).dropFirst().first)
    #expect(try #require(Int(kilobytes)) < 1 << 20)
  }

  private static func readAll(_ path: String) throws {
    let checkpoint = try Checkpoint(path: path)
    for name in checkpoint.names { _ = try checkpoint.floats(name) }
  }
}

/// SplitMix64, so that a failure can be had again.
struct SplitMix: RandomNumberGenerator {
  private var state: UInt64
  init(_ seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
    return z ^ z >> 31
  }
}
