import ArgumentParser
import Imaging

/// Which image, where DICOM files leave a choice.
struct DICOMArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Of a DICOM folder with several series: which, by its number or UID.", valueName: "series"))
  var series: String?

  @Option(
    help: ArgumentHelp(
      "Of a DICOM series with several volumes at the same place (phases, echoes): which, from 1.",
      valueName: "n"))
  var volume: Int?

  @Flag(help: "Fill in missing slices of a DICOM series from their neighbours.")
  var allowMissingSlices = false

  func validate() throws {
    if let volume, volume < 1 { throw ValidationError("--volume counts from 1.") }
  }

  var options: DICOMOptions {
    DICOMOptions(series: series, volume: volume, allowsMissingSlices: allowMissingSlices)
  }
}
