import Checkpoints
import NeuralGraph
import Testing

/// Files that PyTorch wrote.
@Suite("Reading checkpoints")
struct ReadingTests {
  static let steps: [Float] = [0, 1, -2.5, 0.15625]
  static let base = (0..<24).map { Float($0) }
  static let values: [String: (shape: [Int], values: [Float])] = [
    "f32": ([2, 3, 4], base.map { $0 / 8 }),
    "transposed": (
      [4, 2, 3],
      (0..<4).flatMap { k in
        (0..<2).flatMap { i in (0..<3).map { j in base[12 * i + 4 * j + k] } }
      }
    ),
    "every_second": ([5], [1, 3, 5, 7, 9]),
    "tail": ([4], [20, 21, 22, 23]),
    "f16": ([4], steps), "bf16": ([4], steps), "f64": ([4], steps),
    "i64": ([3], [-3, 0, 70000]), "i32": ([3], [-3, 0, 70000]), "i16": ([3], [-3, 0, 700]),
    "i8": ([3], [-3, 0, 7]), "u8": ([3], [3, 0, 255]), "bool": ([2], [1, 0]),
    "scalar": ([], [42]), "empty": ([0, 3], []),
    "expanded": ([2, 3], [Float](repeating: 7, count: 6)),
    "parameter": ([2], [1.5, 2.5]),
  ]

  @Test(arguments: [
    ("numbers.pth", Checkpoint.Kind.zip), ("numbers-protocol4.pth", .zip),
    ("numbers-deflated.pth", .zip), ("numbers-legacy.pth", .legacy), ("untyped.pth", .zip),
    ("numbers.safetensors", .safetensors),
  ])
  func numbers(_ file: String, _ kind: Checkpoint.Kind) throws {
    let checkpoint = try Checkpoint(path: try Fixture.path(file))
    #expect(checkpoint.kind == kind)
    var expected = Set(Self.values.keys).union(["nan"])
    if file == "untyped.pth" {
      expected.insert("u16")
      #expect(try checkpoint.floats("u16") == [1, 65535])
    }
    #expect(Set(checkpoint.names) == expected)
    for (name, (shape, values)) in Self.values {
      let tensor = try #require(checkpoint.tensors[name])
      #expect(tensor.shape == shape, "\(name)")
      #expect(tensor.count == values.count, "\(name)")
      #expect(try checkpoint.floats(name) == values, "\(name)")
    }
    // Numbers that are none are still numbers in a file.
    let none = try checkpoint.floats("nan")
    #expect(none.count == 3 && none.allSatisfy(\.isNaN))
    #expect(checkpoint.tensors["bf16"]?.type == .bf16)
    #expect(checkpoint.tensors["i64"]?.type == .i64)
  }

  /// An optimizer, arguments and scalars of numpy lie beside the weights, and stay inert.
  @Test func training() throws {
    let checkpoint = try Checkpoint(path: try Fixture.path("training.pth"))
    #expect(checkpoint.names == ["bias", "weight"])
    #expect(try checkpoint.floats("weight") == [0, 1, 2, 3, 4, 5])
    #expect(try checkpoint.floats("bias") == [-1, -2])
  }

  @Test func missing() throws {
    let checkpoint = try Checkpoint(path: try Fixture.path("numbers.pth"))
    let error = #expect(throws: CheckpointError.self) { _ = try checkpoint.floats("nothing") }
    #expect(error?.code == .missing)
  }

  /// One archive is read from many threads.
  @Test func together() async throws {
    let checkpoint = try Checkpoint(path: try Fixture.path("numbers.pth"))
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<8 {
        group.addTask {
          for (name, (_, values)) in Self.values {
            let read = try checkpoint.floats(name)
            #expect(read == values)
          }
        }
      }
      try await group.waitForAll()
    }
  }
}
