import ArgumentParser
import Foundation
import OpenVINORuntime
import SegSAM
import Training

/// Another network's image encoder, to train on top of.
struct EncoderOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "An ONNX file: its features, which stay as they are, take the place of our transformer's.",
      valueName: "file"))
  var encoder: String?

  @Option(
    help: ArgumentHelp("Side of its images, where the file leaves it open.", valueName: "pixels"))
  var encoderSize: Int?

  @Option(
    help: ArgumentHelp(
      "How its colours are normalised: imagenet (also Segment Anything's), unit (0 to 1), signed "
        + "(-1 to 1), or six numbers between commas, means and deviations of colours in 0 to 1.",
      valueName: "kind"))
  var encoderPixels = Pixels(argument: "imagenet")!

  @Option(
    help: ArgumentHelp(
      "Our transformer blocks that go on from its features, or from Segment Anything's.",
      valueName: "n"))
  var encoderBlocks = 1

  struct Pixels: ExpressibleByArgument, Sendable {
    var mean: [Double], deviation: [Double]
    private var text: String
    var defaultValueDescription: String { text }

    init?(argument: String) {
      text = argument
      switch argument {
      // Of ImageNet's training images; Segment Anything's 123.675 … and 58.395 … are these times 255.
      case "imagenet": (mean, deviation) = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
      case "unit": (mean, deviation) = ([0, 0, 0], [1, 1, 1])
      case "signed": (mean, deviation) = ([0.5, 0.5, 0.5], [0.5, 0.5, 0.5])
      default:
        let numbers = argument.split(separator: ",", omittingEmptySubsequences: false)
          .compactMap { Double($0) }
        guard numbers.count == 6, argument.count(where: { $0 == "," }) == 5,
          numbers.allSatisfy(\.isFinite), numbers[3...].allSatisfy({ $0 > 0 })
        else { return nil }
        (mean, deviation) = (Array(numbers[..<3]), Array(numbers[3...]))
      }
    }
  }

  func validate() throws {
    guard (1...64).contains(encoderBlocks), (16...4096).contains(encoderSize ?? 16) else {
      throw ValidationError("--encoder-blocks is 1 to 64, --encoder-size 16 to 4096.")
    }
  }

  /// Puts Segment Anything's networks, of the model to start from, in the place of ours.
  func apply(_ sam: SAMConfiguration, to run: inout TrainingRun) {
    run.configuration.network.sam = sam
    // M_b is their decoder's alone, so that a box is answered as they answer it.
    run.configuration.network.drawsBinary = nil
    run.configuration.network.depth = encoderBlocks
  }

  /// Looks at the file, and puts the encoder into a run's network. Blocks for seconds.
  func apply(to run: inout TrainingRun) throws {
    guard let encoder else { return }
    let model = try ForeignModel(
      path: encoder, imageSize: encoderSize, mean: encoderPixels.mean,
      deviation: encoderPixels.deviation)
    run.configuration.network.encoder = model.encoder
    run.configuration.network.depth = encoderBlocks
    run.foreign = URL(fileURLWithPath: encoder)
    let e = model.encoder
    run.say(
      "the encoder sees \(e.imageSize) pixels and gives \(e.grid) × \(e.grid) features of \(e.channels)"
    )
  }
}
