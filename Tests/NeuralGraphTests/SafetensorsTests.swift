import Foundation
import Testing

@testable import NeuralGraph

@Suite("Safetensors")
struct SafetensorsTests {
  /// A file with this header and so many bytes of data.
  static func file(_ header: String, data: Int = 0, length: UInt64? = nil) -> [UInt8] {
    let text = Array(header.utf8)
    let size = length ?? UInt64(text.count)
    return (0..<8).map { UInt8(truncatingIfNeeded: size >> (8 * $0)) } + text
      + [UInt8](repeating: 0, count: data)
  }

  static func temporary() -> String {
    FileManager.default.temporaryDirectory
      .appendingPathComponent("tensors-\(UUID().uuidString).safetensors").path
  }

  @Test("survive a round trip", arguments: [Safetensors.DataType.f32, .f16, .bf16])
  func roundTrip(type: Safetensors.DataType) throws {
    let path = Self.temporary()
    defer { try? FileManager.default.removeItem(atPath: path) }
    let tensors: [String: (shape: [Int], values: [Float])] = [
      "b.weight": ([2, 3], [0, -1, 0.5, 1.5, -2, 1024]), "a \"quoted\"\n\\ ü\u{1}": ([1], [3]),
      "scalar": ([], [7]), "none": ([0, 4], []),
    ]
    try Safetensors.write(
      tensors, dtype: type, metadata: ["format": "pt", "a\"b": "c\\d"], to: path)
    try Safetensors.write(
      tensors, dtype: type, metadata: ["format": "pt", "a\"b": "c\\d"], to: path)
    let file = try SafetensorsFile(path: path)
    #expect(file.names == tensors.keys.sorted())
    #expect(file.metadata == ["format": "pt", "a\"b": "c\\d"])
    for (name, tensor) in tensors {
      let read = try file.floats(name)
      #expect(read.shape == tensor.shape)
      #expect(read.values == tensor.values)
      #expect(file.entries[name]?.type == type)
    }
    let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    #expect(bytes[0] % 8 == 0, "the data begin aligned")
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
    let name = URL(fileURLWithPath: path).lastPathComponent
    let left = try FileManager.default.contentsOfDirectory(atPath: folder)
    #expect(left.filter { $0.hasPrefix(name) } == [name], "no temporary file is left")
  }

  @Test("written one by one are the same file", arguments: [Safetensors.DataType.f32, .bf16])
  func stream(type: Safetensors.DataType) throws {
    let (whole, parts) = (Self.temporary(), Self.temporary())
    defer { for path in [whole, parts] { try? FileManager.default.removeItem(atPath: path) } }
    let tensors: [String: (shape: [Int], values: [Float])] = [
      "b": ([2, 3], [0, -1, 0.5, 1.5, -2, 1024]), "a": ([], [7]), "c": ([0, 4], []),
    ]
    try Safetensors.write(tensors, dtype: type, metadata: ["a": "b"], to: whole)
    try Safetensors.write(
      shapes: tensors.mapValues(\.shape), dtype: type, metadata: ["a": "b"], to: parts
    ) { tensors[$0]?.values ?? [] }
    let read = try [whole, parts].map { try Data(contentsOf: URL(fileURLWithPath: $0)) }
    #expect(read[0] == read[1])
    #expect(throws: SafetensorsError.self) {
      try Safetensors.write(shapes: ["a": [2]], dtype: type, to: parts) { _ in [1] }
    }
    #expect(throws: SafetensorsError.self) {
      try Safetensors.write(shapes: ["a": [2]], to: "/nowhere/at/all") { _ in [1, 2] }
    }
  }

  @Test("are refused where they lie about themselves", arguments: hostile)
  func refusesHostile(bytes: [UInt8]) {
    #expect(throws: SafetensorsError.self) { try SafetensorsFile(bytes: bytes) }
  }

  static let hostile: [[UInt8]] = {
    let one = #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#
    func entry(_ type: String, _ shape: String, _ offsets: String) -> String {
      "{\"a\":{\"dtype\":\"\(type)\",\"shape\":\(shape),\"data_offsets\":\(offsets)}}"
    }
    let deep = String(repeating: "[", count: 100_000)
    return [
      [], [1, 2, 3], file("", length: 0), file(one, data: 3), file(one, data: 5),
      file(one, data: 4, length: .max), file(one, data: 4, length: 1 << 40),
      file(one, data: 4, length: UInt64(one.utf8.count + 5)), file(one + "}", data: 4),
      file(entry("F32", "[2]", "[0,4]"), data: 4), file(entry("F32", "[1]", "[4,0]"), data: 4),
      file(entry("F32", "[1]", "[1,5]"), data: 5), file(entry("F32", "[1]", "[-4,0]"), data: 4),
      file(entry("F32", "[-1]", "[0,4]"), data: 4), file(entry("F32", "[1.0]", "[0,4]"), data: 4),
      file(entry("F32", "[1e0]", "[0,4]"), data: 4), file(entry("F32", "[01]", "[0,4]"), data: 4),
      file(entry("F32", "1", "[0,4]"), data: 4), file(entry("F32", "[1]", "[0]"), data: 4),
      file(entry("F32", "[1]", "[0,4,8]"), data: 4), file(entry("F99", "[1]", "[0,4]"), data: 4),
      file(entry("F32", "[4611686018427387905,4]", "[0,4]"), data: 4),
      file(entry("F32", "[4294967296,4294967296,0]", "[0,0]")),
      file(entry("F32", "[99999999999999999999]", "[0,4]"), data: 4),
      file(entry("F32", "[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]", "[0,4]"), data: 4),
      file(entry("F32", "[1", "[0,4]"), data: 4), file(entry("F32", deep, "[0,4]"), data: 4),
      file(deep), file("[]"), file("null"), file("{\"a\""), file("{\"a"), file("{"), file("{,}"),
      file(#"{"a":null}"#), file(#"{"a":{}}"#),
      file(#"{"a":{"dtype":"F32","shape":[1]}}"#, data: 4),
      file(#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":1}}"#, data: 4),
      file(#"{"a":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, data: 4),
      // Twice the same name, overlap, a gap.
      file(
        #"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}"#,
        data: 2),
      file(
        #"{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}"#,
        data: 3),
      file(
        #"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"U8","shape":[1],"data_offsets":[2,3]}}"#,
        data: 3),
      file(#"{"__metadata__":{"a":1}}"#), file(#"{"__metadata__":{"a":"1","a":"2"}}"#),
      file(#"{"__metadata__":{},"__metadata__":{}}"#), file(#"{"__metadata__":{"a":"\ud800"}}"#),
      file(#"{"__metadata__":{"a":"\u12G4"}}"#), file(#"{"__metadata__":{"a":"\x"}}"#),
      file("{\"__metadata__\":{\"a\":\"\u{1}\"}}"), file("{\"__metadata__\":{\"a\":\""),
      file("{\"__metadata__\":{\"a\":\"\\"),
      // Bytes that are not UTF-8.
      [6, 0, 0, 0, 0, 0, 0, 0, 0x7B, 0x22, 0xFF, 0x22, 0x3A, 0x7D],
    ]
  }()

  @Test("are refused, or read, when any byte is changed")
  func mutations() throws {
    let good = try Array(
      Safetensors.encode(
        ["a": ([2, 2], [1, 2, 3, 4]), "b": ([1], [5])], dtype: .f32, metadata: ["k": "v"]))
    var generator = SeededGenerator(state: 7)
    for _ in 0..<3000 {
      var bytes = good
      for _ in 0..<generator.next(upTo: 3) + 1 {
        bytes[generator.next(upTo: bytes.count)] = UInt8(generator.next(upTo: 256))
      }
      if generator.next(upTo: 4) == 0 { bytes.removeLast(generator.next(upTo: bytes.count)) }
      guard let file = try? SafetensorsFile(bytes: bytes) else { continue }
      for name in file.names {
        let read = (try? file.floats(name).values.count) ?? (try? file.integers(name).values.count)
        #expect(read == nil || read == file.entries[name]?.count)
      }
    }
  }

  @Test("give integers, and say when they are floats")
  func integers() throws {
    let header =
      #"{"i":{"dtype":"I64","shape":[1],"data_offsets":[0,8]},"j":{"dtype":"I8","shape":[2],"data_offsets":[8,10]}}"#
    var bytes = Self.file(header)
    bytes += [0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x80, 0x7F]
    let file = try SafetensorsFile(bytes: bytes)
    #expect(try file.integers("i").values == [-2])
    #expect(try file.integers("j").values == [-128, 127])
    #expect { try file.floats("i") } throws: { ($0 as? SafetensorsError)?.code == .type }
    #expect { try file.floats("k") } throws: { ($0 as? SafetensorsError)?.code == .missing }
  }

  @Test("give single rows")
  func rows() throws {
    let data = try Safetensors.encode(
      ["m": ([3, 2], [1, 2, 3, 4, 5, 6]), "v": ([2], [0, 0])], dtype: .bf16, metadata: [:])
    let file = try SafetensorsFile(bytes: Array(data))
    #expect(try file.rows("m", [2, 0, 2]) == [5, 6, 1, 2, 5, 6])
    #expect(throws: SafetensorsError.self) { try file.rows("m", [3]) }
    #expect(throws: SafetensorsError.self) { try file.rows("m", [-1]) }
    #expect(throws: SafetensorsError.self) { try file.rows("v", [0]) }
  }

  @Test("are not written where values and shape, type or path are wrong")
  func writing() {
    let path = Self.temporary()
    #expect { try Safetensors.write(["a": ([2], [1])], to: path) } throws: {
      ($0 as? SafetensorsError)?.code == .format
    }
    #expect { try Safetensors.write(["a": ([1], [1])], dtype: .i32, to: path) } throws: {
      ($0 as? SafetensorsError)?.code == .type
    }
    #expect { try Safetensors.write(["a": ([1], [1e6])], dtype: .f16, to: path) } throws: {
      ($0 as? SafetensorsError)?.code == .type
    }
    #expect { try Safetensors.write(["a": ([1], [1])], to: "/proc/nowhere/x") } throws: {
      ($0 as? SafetensorsError)?.code == .file
    }
    #expect(!FileManager.default.fileExists(atPath: path))
  }
}

@Suite("Half precision")
struct HalfPrecisionTests {
  @Test("every half survives a round trip")
  func roundTrip() {
    for bits in UInt16.min...UInt16.max {
      let value = HalfPrecision.float(float16: bits)
      if value.isNaN {
        #expect(HalfPrecision.float(float16: HalfPrecision.float16(value)).isNaN)
      } else if HalfPrecision.float16(value) != bits {
        Issue.record("\(bits)")
      }
    }
  }

  @Test(
    "rounds to nearest even",
    arguments: [
      (1, 0x3C00), (65504, 0x7BFF), (65519.99, 0x7BFF), (65520, 0x7C00), (-1e9, 0xFC00),
      (1 + 0x1p-11, 0x3C00), (1 + 3 * 0x1p-11, 0x3C02), (0x1p-24, 1), (0x1p-25, 0),
      (3 * 0x1p-25, 2), (0x1p-14, 0x0400), (0x1.ff8p-15, 0x03FF), (0x1.ffcp-15, 0x0400),
      (-0.0, 0x8000),
    ] as [(Float, UInt16)])
  func half(value: Float, bits: UInt16) { #expect(HalfPrecision.float16(value) == bits) }

  @Test(
    "bfloat16 too",
    arguments: [
      (1, 0x3F80), (1 + 0x1p-8, 0x3F80), (1 + 3 * 0x1p-8, 0x3F82), (-2, 0xC000),
      (.infinity, 0x7F80), (0, 0),
    ] as [(Float, UInt16)])
  func bfloat(value: Float, bits: UInt16) { #expect(HalfPrecision.bfloat16(value) == bits) }
}

/// A small generator with a seed (splitmix64).
struct SeededGenerator {
  var state: UInt64
  mutating func next(upTo bound: Int) -> Int {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
    return Int((z ^ z >> 31) % UInt64(bound))
  }
}
