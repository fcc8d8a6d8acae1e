import ArgumentParser
import Foundation
import JSONC
import NeuralGraph
import SegSAM
import TextEncoder
import Vocabulary

/// `segsam export`.
struct ExportCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Writes a model's graphs as ONNX, for other runtimes.",
    discussion: """
      image.onnx runs once an image, prompt.onnx (box and clicks) and query.onnx once a query;
      export.json names their inputs and outputs with shapes.

        segsam export --onnx out/onnx
      """)

  @Option(help: ArgumentHelp("The folder to write.", valueName: "dir"))
  var onnx: String

  @Option(
    help: ArgumentHelp("The model: a name in models/, or a folder.", valueName: "name"))
  var model = ModelOptions.usual

  @Flag(help: "Print what was written as JSON.")
  var json = false

  func run() async throws {
    let (name, output) = (model, onnx)
    let written = try await Blocking.run { try Self.export(name, to: output) }
    if json { return try Console.print(json: written) }
    Console.print("written to \(output): image.onnx, prompt.onnx, query.onnx, export.json")
  }

  private static func export(_ name: String, to output: String) throws -> JSONValue {
    let vocabulary = try Vocabulary.load(at: VocabularyLocation.find())
    let bundle = try ModelBundle.load(directory: ModelBundle.find(name: name))
    let manifest = bundle.manifest
    guard manifest.sam == nil else {
      throw Failure(
        .badInput, "\(name) is in Segment Anything's layout, which is served and not exported")
    }
    let texts = CategoryTexts(vocabulary: vocabulary, encoder: try TextEncoder())
    var categoryText: [Float] = []
    for (category, modality) in zip(manifest.categories, manifest.modalities) {
      categoryText += try texts.vectors(category, modality: modality)
    }
    let network = SegSAMNetwork(
      configuration: manifest.network, categoryCount: manifest.categories.count)
    let folder = try OutputFolder(path: output)
    var graphs = JSONObject()
    for (name, graph) in [
      ("image", try network.imageGraph(categoryText: categoryText)),
      ("prompt", try network.promptGraph()),
      ("query", try network.queryGraph(categoryText: categoryText)),
    ] {
      let bytes = try ONNXWriter.encode(graph, weights: bundle.weights)
      try folder.write(bytes, to: "\(name).onnx")
      graphs[name] = describe(graph, file: "\(name).onnx")
    }
    let json: JSONValue = [
      "model": ["name": .string(manifest.name), "version": .string(manifest.version)],
      "text_encoder": .string(manifest.textEncoder), "graphs": .object(graphs),
      "categories": JSONValue(manifest.categories),
    ]
    try folder.write(try json.pretty(), to: "export.json")
    try folder.commit()
    return json
  }

  private static func describe(_ graph: Graph, file: String) -> JSONValue {
    let inputs = graph.inputs.map { (key: $0.name, value: JSONValue($0.shape)) }
    let outputs = graph.outputs.map { (key: $0.name, value: JSONValue(graph.nodes[$0.id].shape)) }
    return [
      "file": .string(file), "inputs": .object(JSONObject(inputs)),
      "outputs": .object(JSONObject(outputs)),
    ]
  }
}
