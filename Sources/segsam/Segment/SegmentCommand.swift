import ArgumentParser
import BusProtocol
import Client
import Foundation
import Imaging
import JSONC
import SegSAM

/// `segsam segment`.
struct SegmentCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "segment",
    abstract: "Finds what is named in an image, and writes masks.",
    discussion: """
      Reads PNG, JPEG, NIfTI, NRRD, MetaImage, and DICOM files or folders; volumes slice by slice.
      Writes into the folder a mask per category and the semantic mask, in the format and geometry
      that came in (of a JPEG: PNG, of DICOM: NIfTI), an overlay picture with a legend, and
      result.json.

        segsam segment abdomen.nii.gz --modality CT --categories pancreas,左肾 -o out
        segsam segment study/ --series 4 -c liver -o out
        segsam segment polyp.jpg --box 120,80,260,210 -o out
        segsam segment polyp.jpg --everything -o out

      With --sparse, a volume is filled from the slices that are annotated in a label map:

        segsam segment ct.nii.gz --modality CT --sparse some.nii.gz --label 1=liver -o out

      With --everything, a click at each point of a grid finds the regions, which the model then
      names; written are a mask per region, all of them as one label map, and the rest as above.
      """)

  @Argument(help: "The image: PNG, JPEG, NIfTI, NRRD, MetaImage, or DICOM, a file or a folder.")
  var image: String

  @Option(
    name: [.long, .customShort("c")],
    help: ArgumentHelp(
      "Names in any language of the vocabulary, or codes (SCT:15776009), with commas between.",
      valueName: "names"))
  var categories: [String] = []

  @Option(help: ArgumentHelp("One name, which may hold commas.", valueName: "name"))
  var category: [String] = []

  @Option(
    help: ArgumentHelp(
      "An English description of something outside the vocabulary.", valueName: "text"))
  var freeText: String?

  @Option(name: [.short, .long], help: ArgumentHelp("The folder to write.", valueName: "dir"))
  var output: String

  @Option(
    help: ArgumentHelp(
      "Of the masks: png, nii, nii.gz, nrrd or mha; as the image if not given.",
      valueName: "format"))
  var maskFormat: MaskFormat.Container?

  @OptionGroup var dicom: DICOMArguments
  @OptionGroup var prompts: PromptOptions
  @OptionGroup(title: "Volumes") var volumes: VolumeArguments
  @OptionGroup(title: "Sparse annotation") var filling: SparseArguments
  @OptionGroup var all: EverythingArguments
  @OptionGroup var server: ServerOptions

  @Flag(help: "Print the result as JSON.")
  var json = false

  func validate() throws {
    let isOpen = prompts.isEmpty && names.isEmpty && freeText == nil
    if all.everything && !isOpen {
      throw ValidationError("--everything goes without names, free text, boxes and points.")
    }
    if all.everything && prompts.presenceThreshold != nil {
      throw ValidationError("--everything knows no presence: leave --presence-threshold away.")
    }
    if filling.sparse != nil {
      guard isOpen, !all.everything, server.server == nil else {
        throw ValidationError(
          "--sparse goes without names, free text, boxes, points, --everything and --server.")
      }
      return
    }
    try volumes.checkForRequest()
    if isOpen && !all.everything {
      throw ValidationError(
        "Say what to find: --categories, --free-text, --box, --point, --everything or --sparse.")
    }
  }

  private var names: [String] { categories.flatMap(NameList.parse) + category }

  var parameters: SegmentParameters {
    var parameters = SegmentParameters()
    parameters.categories = names
    parameters.freeText = freeText
    // An eighth of the bytes; what is written is the same.
    parameters.encoding = .bits
    prompts.apply(to: &parameters)
    volumes.apply(to: &parameters)
    return parameters
  }

  func run() async throws {
    let (path, modality, options) = (image, prompts.modality, dicom.options)
    let file = try await Blocking.run { try InputFile(path: path, options: options) }
    @Sendable func decoded() throws -> MedicalImage { try file.image(modality: modality) }
    if let sparse = filling.sparse {
      return try await runSparse(sparse, file, Blocking.run(decoded))
    }
    if all.everything { return try await runEverything(file, Blocking.run(decoded)) }
    // Decoded once more at the end, so that a large volume is not held while it is segmented.
    let source = try await Blocking.run { file.source(try decoded()) }
    let parameters = parameters
    let reply = try await server.withClient { client in
      try await client.call(
        .segment(parameters), image: source, showing: Progress("segmenting", unit: "slices"))
    }
    let (output, container) = (output, maskFormat)
    let written = try await Blocking.run {
      let answer = try SegmentAnswer(reply, parameters: parameters)
      return try SegmentOutput(
        file: file, image: try decoded(), answer: answer, container: container
      ).write(to: OutputFolder(path: output))
    }
    if json { return try Console.print(json: written.result) }
    written.table.print()
    Console.print("\nwritten to \(output): \(written.files.joined(separator: ", "))")
  }
}

extension SegmentCommand {
  /// `--everything`: slice by slice, with one queue of clicks for each.
  private func runEverything(_ file: InputFile, _ image: MedicalImage) async throws {
    let slices = try EverythingSlices(file, image: image, chosen: all.slice)
    let answer = try await server.withClient { client in
      try await everything(in: slices, client)
    }
    let (output, container) = (output, maskFormat)
    let written = try await Blocking.run {
      try EverythingOutput(
        file: file, slices: slices, model: answer.model, found: answer.found,
        container: container
      ).write(to: OutputFolder(path: output))
    }
    if json { return try Console.print(json: written.result) }
    if answer.found.isEmpty {
      return Console.print(
        "no region is good enough: lower --least-score or --least-stability, or raise --grid; "
          + "written to \(output)")
    }
    written.table.print()
    Console.print("\n\(answer.found.count) regions; written to \(output)")
  }

  func everything(
    in slices: EverythingSlices, _ client: SegSAMClient
  ) async throws -> (model: ModelInfo, found: [EverythingOutput.Found]) {
    let options = all.options(threshold: prompts.threshold)
    let progress = Progress("segmenting", unit: "points")
    defer { progress.end() }
    var found: [EverythingOutput.Found] = []
    var model = ModelInfo(name: "", version: "")
    for (number, slice) in try slices.slices() {
      let (name, regions) = try await RemoteEngine.hold(slices.source(slice), on: client) {
        engine in
        let regions = try await EverythingSegmenter(engine: engine, options: options)
          .regions(of: slice, imageKey: "") { progress.advance($0, of: $1) }
        return (engine.model, regions)
      }
      model = name
      found += regions.map { EverythingOutput.Found(slice: number, region: $0) }
    }
    return (model, found)
  }
}
