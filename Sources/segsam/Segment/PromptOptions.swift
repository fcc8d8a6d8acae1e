import ArgumentParser
import BusProtocol

/// Where to look, and how sure to be.
struct PromptOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "What made the image, in DICOM's terms: CT, MR, US, CR, ES, OP, …", valueName: "modality"))
  var modality: String?

  @Option(
    help: ArgumentHelp(
      """
      A box x0,y0,x1,y1 (in volumes x0,y0,z0,x1,y1,z1) in voxels, upper bounds exclusive. Once for \
      all queries, or once for each, "none" for none.
      """, valueName: "numbers"))
  var box: [BoxArgument] = []

  @Option(
    help: ArgumentHelp(
      "A click x,y,1 (in volumes x,y,z,1): 1 on the object, 0 off it. May be repeated.",
      valueName: "numbers"))
  var point: [PointArgument] = []

  @Option(help: ArgumentHelp("Of the mask's probability, over 0 and under 1.", valueName: "p"))
  var threshold = 0.5

  @Option(
    help: ArgumentHelp(
      "Under this probability something counts as absent; calibrated if not given.",
      valueName: "p"))
  var presenceThreshold: Double?

  var isEmpty: Bool { box.allSatisfy { $0.bounds == nil } && point.isEmpty }

  func validate() throws {
    guard threshold > 0, threshold < 1 else {
      throw ValidationError("--threshold lies over 0 and under 1.")
    }
    if let presenceThreshold, !(0...1).contains(presenceThreshold) {
      throw ValidationError("--presence-threshold lies from 0 to 1.")
    }
  }

  func apply(to parameters: inout SegmentParameters) {
    parameters.boxes = box.map(\.bounds)
    parameters.points = point.map {
      SegmentParameters.Point(at: $0.at, isPositive: $0.isPositive)
    }
    parameters.threshold = threshold
    parameters.presenceThreshold = presenceThreshold
  }
}
