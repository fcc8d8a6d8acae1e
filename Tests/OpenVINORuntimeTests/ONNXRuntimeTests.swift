import Foundation
import NeuralGraph
import OperationExamples
import Testing

/// Python with the `onnx` checker and ONNX Runtime: `SEGSAM_PYTHON`, else `python3`.
enum OtherRuntime {
  static let python = ProcessInfo.processInfo.environment["SEGSAM_PYTHON"] ?? "python3"

  static let isThere: Bool = {
    let result = try? run(["-c", "import numpy, onnx, onnxruntime"])
    return result?.status == 0
  }()

  static func run(_ arguments: [String]) throws -> (status: Int32, output: Data, errors: String) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [python] + arguments
    let output = Pipe()
    let errors = FileManager.default.temporaryDirectory
      .appendingPathComponent("errors-\(UUID().uuidString)")
    _ = FileManager.default.createFile(atPath: errors.path, contents: nil)
    defer { try? FileManager.default.removeItem(at: errors) }
    process.standardOutput = output
    process.standardError = try FileHandle(forWritingTo: errors)
    try process.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (
      process.terminationStatus, data, (try? String(contentsOf: errors, encoding: .utf8)) ?? ""
    )
  }
}

@Suite(
  "ONNX files elsewhere",
  .enabled(
    if: OtherRuntime.isThere,
    "python3 has no numpy, onnx and onnxruntime; install them and set SEGSAM_PYTHON"))
struct ONNXRuntimeTests {
  struct Value: Codable {
    var shape: [Int]
    var values: [Double]
    var type: String?
  }

  @Test("pass the onnx checker, and ONNX Runtime gives PyTorch's results")
  func everyOperation() throws {
    let file = try SafetensorsFile(path: OperationExample.fixtures)
    var graph = Graph()
    var inputs: [String: Value] = [:]
    for example in OperationExample.all {
      var operands: [Tensor] = []
      while let entry = file.entries["\(example.name).\(operands.count)"] {
        let name = "\(example.name).\(operands.count)"
        let isIndex = entry.type == .i64
        operands.append(try graph.input(name, entry.shape, type: isIndex ? .int64 : .float32))
        let values =
          isIndex
          ? try file.integers(name).values.map(Double.init)
          : try file.floats(name).values.map(Double.init)
        inputs[name] = Value(
          shape: entry.shape, values: values, type: isIndex ? "int64" : "float32")
      }
      try graph.output(
        "\(example.name).y", graph.append(example.operation, operands, in: example.name))
    }
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("onnx-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let model = folder.appendingPathComponent("model.onnx")
    let given = folder.appendingPathComponent("inputs.json")
    try Data(ONNXWriter.encode(graph)).write(to: model)
    try JSONEncoder().encode(["inputs": inputs]).write(to: given)

    let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("check_onnx.py").path
    let result = try OtherRuntime.run([script, model.path, given.path])
    try #require(result.status == 0, "\(result.errors)")
    let outputs = try JSONDecoder().decode([String: Value].self, from: result.output)
    #expect(outputs.count == OperationExample.all.count)
    for example in OperationExample.all {
      let wanted = try file.floats("\(example.name).y")
      let got = try #require(outputs["\(example.name).y"])
      #expect(got.shape == wanted.shape, "\(example.name)")
      let fits = zip(got.values, wanted.values).allSatisfy {
        abs($0 - Double($1)) <= 2e-5 * max(1, abs(Double($1)))
      }
      #expect(fits, "\(example.name)")
    }
  }
}
