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
      image.onnx runs once an image, prompt.onnx (box and clicks) and query.onnx once a query; of a
      model in Segment Anything's layout decoder.onnx, and mask_decoder.onnx for a mask as prompt.
      encoder.onnx, where there is one, is another network's image encoder: image.onnx takes what it
      gives as "foreign", and query.onnx as "embedding" if it has such an input. export.json names
      their inputs and outputs with shapes.

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
    let graphs = written["graphs"]?.objectValue?.map { "\($0.key).onnx" } ?? []
    Console.print("written to \(output): \(graphs.joined(separator: ", ")), export.json")
  }

  private static func export(_ name: String, to output: String) throws -> JSONValue {
    let vocabulary = try Vocabulary.load(at: VocabularyLocation.find())
    let bundle = try ModelBundle.load(directory: ModelBundle.find(name: name))
    let manifest = bundle.manifest
    let model: JSONValue = [
      "name": .string(manifest.name), "version": .string(manifest.version),
    ]
    if let sam = manifest.sam {
      let network = SAMNetwork(configuration: sam, shapes: bundle.weights.mapValues(\.shape))
      return try write(
        [
          ("image", network.imageGraph()), ("prompt", network.promptGraph()),
          ("decoder", network.decoderGraph()),
          ("mask_decoder", network.decoderGraph(withMask: true)),
        ], of: bundle, to: output, about: ["model": model])
    }
    let texts = CategoryTexts(vocabulary: vocabulary, encoder: try TextEncoder())
    var categoryText: [Float] = []
    for (category, modality) in zip(manifest.categories, manifest.modalities) {
      categoryText += try texts.vectors(category, modality: modality)
    }
    let network = SegSAMNetwork(
      configuration: manifest.network, categoryCount: manifest.categories.count)
    var graphs = [
      ("image", try network.imageGraph(categoryText: categoryText)),
      ("prompt", try network.promptGraph()),
      ("query", try network.queryGraph(categoryText: categoryText)),
    ]
    if let sam = manifest.network.sam {
      let inner = SAMNetwork(configuration: sam, shapes: bundle.weights.mapValues(\.shape))
      graphs.append(("encoder", try inner.innerGraph()))
    }
    if manifest.network.sliceAttention != nil {
      graphs.append(("slices", try network.sliceGraph(categoryText: categoryText)))
    }
    return try write(
      graphs, of: bundle, to: output,
      about: [
        "model": model, "text_encoder": .string(manifest.textEncoder),
        "categories": JSONValue(manifest.categories),
      ])
  }

  private static func write(
    _ named: [(String, Graph)], of bundle: ModelBundle, to output: String,
    about: JSONObject
  ) throws -> JSONValue {
    let folder = try OutputFolder(path: output)
    var graphs = JSONObject()
    for (name, graph) in named {
      let bytes = try ONNXWriter.encode(graph, weights: bundle.weights)
      try folder.write(bytes, to: "\(name).onnx")
      graphs[name] = describe(graph, file: "\(name).onnx")
    }
    if let encoder = bundle.encoderFile {
      try folder.write(Array(Data(contentsOf: encoder)), to: ForeignEncoder.file)
    }
    var json = about
    json["graphs"] = .object(graphs)
    try folder.write(try JSONValue.object(json).pretty(), to: "export.json")
    try folder.commit()
    return .object(json)
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
