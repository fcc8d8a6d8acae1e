import ArgumentParser
import Foundation
import JSONC

/// `segsam import`.
struct ImportCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import",
    abstract: "Makes a model bundle of SAM's, MedSAM's or SAM-Med2D's weights.",
    discussion: """
      Reads PyTorch's .pth, .pt and .bin, and .safetensors with Segment Anything's names or Hugging
      Face's. Nothing in a file is run; what is no weight is refused. Sizes are read off the weights,
      and off the config.json and preprocessor_config.json beside Hugging Face's.

        segsam import medsam_vit_b.pth -o models/medsam --pixels unit

      MedSAM was trained on colours in 0…1: give --pixels unit.
      """)

  @Argument(help: "The file of weights.")
  var checkpoint: String

  @Option(
    name: [.customShort("o"), .customLong("to")],
    help: ArgumentHelp("The bundle's folder, which is made.", valueName: "dir"))
  var output: String

  @Option(help: "The model's name; the folder's if not given.")
  var name: String?

  @Option(help: "A line about what it is.")
  var summary: String?

  @Option(help: "How colours were scaled in training: sam, unit; as the file says if not given.")
  var pixels: PixelArgument?

  @Option(
    name: .customLong("decoder-heads"),
    help: ArgumentHelp("Heads of the mask decoder; 8 in published networks.", valueName: "n"))
  var decoderHeads: Int?

  @Flag(help: "Half precision: half the size, and numbers rounded to 11 bits.")
  var half = false

  @Flag(help: "Replace a bundle that is there.")
  var force = false

  @Flag(help: "Print what was written as JSON.")
  var json = false

  func validate() throws {
    if let name, name.isEmpty || name.contains("/") || name.utf8.count > 100 {
      throw ValidationError("--name is a word without slashes.")
    }
    if let decoderHeads, !(1...256).contains(decoderHeads) {
      throw ValidationError("--decoder-heads is a number from 1 to 256.")
    }
  }

  func run() async throws {
    let folder = URL(fileURLWithPath: output, isDirectory: true)
    let work = CheckpointImport(
      path: checkpoint, name: name ?? folder.standardizedFileURL.lastPathComponent,
      summary: summary, pixels: pixels, decoderHeads: decoderHeads, isHalf: half)
    let (isForced, progress) = (force, Progress("importing", unit: "tensors"))
    let made = try await Blocking.run {
      defer { progress.end() }
      let target = try BundleFolder(url: folder, isForced: isForced)
      let made = try work.write(to: target.staging, progress: progress)
      try target.commit()
      return made
    }
    if json { return try Console.print(json: made.json(folder: output)) }
    Console.print(made.text(folder: output))
    if pixels == nil, !made.isInner, checkpoint.lowercased().contains("medsam") {
      Console.error(
        "segsam: note: MedSAM's weights want colours in 0…1; if these are, import with --pixels unit"
      )
    }
  }
}

/// What is done to colours of 0…255 before the network sees them.
enum PixelArgument: String, CaseIterable, ExpressibleByArgument, Sendable {
  /// Less ImageNet's mean, by its deviation: SAM, SAM-Med2D.
  case sam
  /// Divided by 255: MedSAM.
  case unit
}
