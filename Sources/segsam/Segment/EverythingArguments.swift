import ArgumentParser
import SegSAM

/// `segment --everything`: no names and no places, but all that is there.
struct EverythingArguments: ParsableArguments {
  @Flag(help: "Find all regions by clicks on a grid, and name them.")
  var everything = false

  @Option(help: ArgumentHelp("With --everything: points along each side.", valueName: "n"))
  var grid = EverythingOptions().grid

  @Option(
    help: ArgumentHelp(
      "With --everything: the least predicted IoU of a region.", valueName: "score"))
  var leastScore = EverythingOptions().leastScore

  @Option(
    help: ArgumentHelp(
      "With --everything: the least stability of a region's border, 0 for any.",
      valueName: "share"))
  var leastStability = EverythingOptions().leastStability

  @Option(
    help: ArgumentHelp(
      "With --everything: the least area of a region, of the slice.", valueName: "share"))
  var leastArea = EverythingOptions().leastArea

  @Option(
    help: ArgumentHelp(
      "With --everything: of two regions with a larger IoU one stays.", valueName: "iou"))
  var overlap = EverythingOptions().overlap

  @Option(
    help: ArgumentHelp(
      "With --everything, of a volume: an axial slice, from 0 below. May be repeated.",
      valueName: "n"))
  var slice: [Int] = []

  func validate() throws {
    guard (1...128).contains(grid) else { throw ValidationError("--grid is 1 to 128.") }
    guard
      [leastScore, leastStability, leastArea, overlap].allSatisfy({ (0...1).contains($0) })
    else {
      throw ValidationError(
        "--least-score, --least-stability, --least-area and --overlap lie from 0 to 1.")
    }
    guard everything || slice.isEmpty else {
      throw ValidationError("--slice goes with --everything.")
    }
  }

  func options(threshold: Double) -> EverythingOptions {
    var options = EverythingOptions()
    options.grid = grid
    options.leastScore = leastScore
    options.leastStability = leastStability
    options.leastArea = leastArea
    options.overlap = overlap
    options.threshold = threshold
    return options
  }
}
