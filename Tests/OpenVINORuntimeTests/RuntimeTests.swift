import Foundation
import NeuralGraph
import Testing

@testable import OpenVINORuntime

/// Whether a usable OpenVINO was found; the tests of one that is there but broken must not be skipped.
let isOpenVINOThere: Bool = {
  do {
    _ = try LibraryLocation.find()
    return true
  } catch {
    return false
  }
}()

@Suite("OpenVINO runtime", .enabled(if: isOpenVINOThere, "run ./bootstrap for OpenVINO"))
struct RuntimeTests {
  /// y = relu(a · 2 + b)
  func small() throws -> Graph {
    let builder = GraphBuilder()
    let a = try builder.input("a", [2, 3])
    let b = try builder.input("b", [3])
    let doubled = try builder.root(.affine(factor: 2, offset: 0), a)
    try builder.output("y", builder.root(.relu, builder.root(.add, doubled, b)))
    return builder.graph
  }
  let a = TensorValue([1, -2, 3, -4, 5, -6] as [Float], shape: [2, 3])
  let b = TensorValue([0, 1, -1] as [Float], shape: [3])

  @Test("says what it is")
  func info() throws {
    let info = try OpenVINO.load().info
    #expect(info.version.contains("."))
    #expect(!info.device.isEmpty)
    #expect(info.directory.contains("/"))
  }

  @Test("runs a graph, again and again, and from several threads")
  func runs() async throws {
    let model = try OpenVINO.load().compile(small(), options: .init(precision: .float32))
    #expect(model.inputs.map(\.name) == ["a", "b"])
    #expect(model.inputs.map(\.shape) == [[2, 3], [3]])
    let request = try model.makeRequest()
    await withTaskGroup(of: [Float]?.self) { group in
      for i in 0..<8 {
        group.addTask { [a] in
          let b = TensorValue([Float(i), 1, -1], shape: [3])
          return try? request.infer(inputs: ["a": a, "b": b])["y"]?.floats
        }
      }
      var seen: Set<[Float]> = []
      for await result in group { if let result { seen.insert(result) } }
      #expect(seen == Set((0..<8).map { [2 + Float($0), 0, 5, max(0, Float($0) - 8), 11, 0] }))
    }
  }

  @Test(
    "refuses inputs that do not fit, naming them",
    arguments: [
      [
        "a": TensorValue([1] as [Float], shape: [1]),
        "b": TensorValue([0, 0, 0] as [Float], shape: [3]),
      ],
      ["a": TensorValue([1, 2] as [Float], shape: [2, 3])],
      ["a": TensorValue([1, 2, 3, 4, 5, 6] as [Int64], shape: [2, 3])],
      ["a": TensorValue([1, 2, 3, 4, 5, 6] as [Float], shape: [3, 2])],
      ["a": TensorValue([] as [Float], shape: [2, -3])],
      ["a": TensorValue([] as [Float], shape: [Int.max, Int.max])],
      ["c": TensorValue([1] as [Float], shape: [1])], [:],
    ])
  func refuses(inputs: [String: TensorValue]) throws {
    let request = try OpenVINO.load().compile(small()).makeRequest()
    var inputs = inputs
    if inputs["b"] == nil { inputs["b"] = b }
    #expect {
      try request.infer(inputs: inputs)
    } throws: {
      ($0 as? OpenVINOError)?.code == .input
        && "\($0)".contains(inputs["c"] == nil ? "\"a\"" : "\"c\"")
    }
    #expect(try request.infer(inputs: ["a": a, "b": b])["y"]?.floats == [2, 0, 5, 0, 11, 0])
  }

  @Test("refuses what is no model", arguments: [[], [0], Array("not a model".utf8)])
  func broken(bytes: [UInt8]) throws {
    let runtime = try OpenVINO.load()
    #expect {
      try runtime.compile(.onnx(bytes))
    } throws: {
      ($0 as? OpenVINOError)?.code == .model
    }
    #expect(throws: OpenVINOError.self) { try runtime.compile(.file("/nowhere/model.onnx")) }
    #expect(throws: OpenVINOError.self) { try runtime.compile(small(), options: .init(threads: 0)) }
  }

  @Test("keeps compiled models on disk")
  func cache() throws {
    let directory = FileManager.default.temporaryDirectory
      .appendingPathComponent("ov-cache-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let options = CompileOptions(precision: .float32, cacheDirectory: directory)
    let first = try OpenVINO.load().compile(small(), options: options)
    #expect(first.property("LOADED_FROM_CACHE") == "NO")
    #expect(try !FileManager.default.contentsOfDirectory(atPath: directory).isEmpty)
    let second = try OpenVINO.load().compile(small(), options: options)
    #expect(second.property("LOADED_FROM_CACHE") == "YES")
    let outputs = try second.makeRequest().infer(inputs: ["a": a, "b": b])
    #expect(outputs["y"]?.floats == [2, 0, 5, 0, 11, 0])
  }

  @Test("takes bfloat16 where the CPU has it, unless told otherwise")
  func precision() throws {
    let auto = CompileOptions()
    #expect(auto.effectivePrecision(hasBFloat16: true) == .bfloat16)
    #expect(auto.effectivePrecision(hasBFloat16: false) == .float32)
    let rough = CompileOptions(precision: .bfloat16)
    #expect(rough.effectivePrecision(hasBFloat16: true) == .bfloat16)
    #expect(rough.effectivePrecision(hasBFloat16: false) == .float32)
    let exact = CompileOptions(precision: .float32)
    #expect(exact.effectivePrecision(hasBFloat16: true) == .float32)
    let model = try OpenVINO.load().compile(small(), options: exact)
    #expect(model.property("INFERENCE_PRECISION_HINT") == "f32")
  }
}

@Suite("Finding OpenVINO")
struct LibraryLocationTests {
  @Test("says when the directory that was asked for holds none")
  func absent() {
    #expect {
      try LibraryLocation.find(environment: ["SEGSAM_OPENVINO_DIR": "/nowhere"])
    } throws: {
      ($0 as? OpenVINOError)?.code == .missing && "\($0)".contains("/nowhere")
    }
  }

  @Test("takes a library of any version, and says when it is none")
  func broken() throws {
    let directory = FileManager.default.temporaryDirectory
      .appendingPathComponent("ov [\(UUID().uuidString)]")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    for name in ["libopenvino_c.so.9999", "libopenvino.so.9999"] {
      try Data("no library".utf8).write(to: directory.appendingPathComponent(name))
    }
    let found = try LibraryLocation.find(environment: ["SEGSAM_OPENVINO_DIR": directory.path])
    #expect(found == directory.path)
    #expect {
      try Runtime(directory: found)
    } throws: {
      ($0 as? OpenVINOError)?.code == .incompatible && "\($0)".contains("so.9999")
    }
  }
}
