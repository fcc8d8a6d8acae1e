import ArgumentParser
import BusProtocol
import Client
import Foundation
import Imaging
import JSONC

/// `segsam segment`.
struct SegmentCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "segment",
    abstract: "Finds what is named in an image, and writes masks.",
    discussion: """
      Reads PNG, JPEG and NIfTI; volumes slice by slice. Writes into the folder a mask per category
      and the semantic mask, in the format and geometry that came in (of a JPEG: PNG), an overlay
      picture with a legend, and result.json.

        segsam segment abdomen.nii.gz --modality CT --categories pancreas,左肾 -o out
        segsam segment polyp.jpg --box 120,80,260,210 -o out
      """)

  @Argument(help: "The image: PNG, JPEG or NIfTI.")
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

  @OptionGroup var prompts: PromptOptions
  @OptionGroup var server: ServerOptions

  @Flag(help: "Print the result as JSON.")
  var json = false

  func validate() throws {
    if prompts.isEmpty && names.isEmpty && freeText == nil {
      throw ValidationError("Say what to find: --categories, --free-text, --box or --point.")
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
    return parameters
  }

  func run() async throws {
    let (path, modality) = (image, prompts.modality)
    let input = try await Blocking.run {
      let file = try InputFile(path: path)
      return (file: file, image: try file.image(modality: modality))
    }
    let source = ImageSource.file(
      input.file.bytes, contentType: input.file.contentType, modality: modality)
    let parameters = parameters
    let reply = try await server.withClient { client in
      try await client.call(
        .segment(parameters), image: source, showing: Progress("segmenting", unit: "slices"))
    }
    let output = output
    let written = try await Blocking.run {
      let answer = try SegmentAnswer(reply, parameters: parameters)
      return try SegmentOutput(file: input.file, image: input.image, answer: answer)
        .write(to: OutputFolder(path: output))
    }
    if json { return try Console.print(json: written.result) }
    written.table.print()
    Console.print("\nwritten to \(output): \(written.files.joined(separator: ", "))")
  }
}
