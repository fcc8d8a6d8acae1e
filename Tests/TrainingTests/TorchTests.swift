import Foundation
import NeuralGraph
import Testing

@testable import Training

/// Whether the trainer's shim was built; one that is there and broken must not be skipped.
let isTorchThere: Bool = {
  do throws(TorchError) {
    try Torch.load()
    return true
  } catch {
    return error.doing != "opening the trainer's shim"
  }
}()

/// Torch is one thread at a time, so all that uses it is in this suite, and runs one after the other.
@Suite(
  "On torch", .serialized,
  .enabled(if: isTorchThere, "the trainer's shim is not built; run scripts/build-trainer"))
struct TorchTests {
  @Test("the shim opens, and says of which torch it is")
  func version() throws {
    try Torch.load()
    #expect(Torch.version.split(separator: ".").count >= 3)
  }

  @Test("a shim that is none is refused, as is one that is not there")
  func absent() {
    #expect {
      try Torch.load(path: "/nowhere/shim.so")
    } throws: {
      "\($0)".contains("make trainer")
    }
  }

  @Test(
    "tensors carry values in and out, of any rank", arguments: [[], [6], [2, 3], [1, 2, 3, 4]])
  func tensors(shape: [Int]) throws {
    let values = (0..<shape.reduce(1, *)).map { Float($0) - 2.5 }
    let tensor = try TorchTensor(values, shape: shape)
    #expect(try tensor.values() == values)
    let others = values.map { $0 * 2 + 1 }
    try tensor.write(others)
    #expect(try tensor.values() == others)
    #expect(try tensor.gradient() == values.map { _ in 0 })
    #expect(throws: TorchError.self) { try tensor.write(values + [0]) }
    #expect(throws: TorchError.self) { try TorchTensor(values + [0], shape: shape) }
    #expect(throws: TorchError.self) { try TorchTensor([Int64](), shape: shape) }
  }

  @Test("gradients add up over backward passes, and only scalars have them")
  func backward() throws {
    let builder = GraphBuilder()
    let x = try builder.input("x", [2, 2])
    let s = builder.root
    try builder.output("total", s(.sum(axes: [0, 1], keep: false), s(.power(2), x)))
    try builder.output("squares", s(.power(2), x))
    let executor = try GraphExecutor(builder.graph)
    let value = try TorchTensor([1, -2, 3, 0.5], shape: [2, 2], requiresGradient: true)
    for pass in 1...2 {
      let out = try executor.run(["x": value])
      try #require(out["total"]).backward()
      #expect(try value.gradient() == [2, -4, 6, 1].map { $0 * Float(pass) })
    }
    let out = try executor.run(["x": value])
    #expect(throws: TorchError.self) { try #require(out["squares"]).backward() }
    let quiet = try Torch.withoutGradients { try executor.run(["x": value]) }
    #expect(throws: TorchError.self) { try #require(quiet["total"]).backward() }
  }

  @Test("what is missing or does not fit is named")
  func missing() throws {
    let builder = GraphBuilder()
    let x = try builder.input("first input", [2])
    try builder.output("y", builder.root(.relu, x))
    let executor = try GraphExecutor(builder.graph)
    for values in [[:], ["first input": try TorchTensor([1, 2, 3], shape: [3])]] {
      #expect {
        try executor.run(values)
      } throws: {
        "\($0)".contains("first input") && "\($0)".contains("[2]")
      }
    }
    // A gather beyond the end is torch's to refuse; it names the node.
    let rows = GraphBuilder()
    let index = try rows.input("i", [1], type: .int64)
    try rows.output("y", rows.root["there"](.gather(axis: 0), rows.input("x", [2, 1]), index))
    #expect {
      try GraphExecutor(rows.graph).run([
        "x": TorchTensor([1, 2], shape: [2, 1]), "i": TorchTensor([7 as Int64], shape: [1]),
      ])
    } throws: {
      "\($0)".contains("there.gather")
    }
  }
}
