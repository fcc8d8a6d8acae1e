import ArgumentParser

/// `segment --sparse`: a volume filled from a few annotated slices.
struct SparseArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Fill the volume from the slices annotated in this file, labels on the image's grid.",
      valueName: "file"))
  var sparse: String?

  @Option(
    help: ArgumentHelp(
      "With --sparse: what a label is, such as 1=liver; a label that is not named is filled "
        + "without a name. May be repeated.",
      valueName: "label=name"))
  var label: [LabelArgument] = []

  @Option(
    help: ArgumentHelp(
      "With --sparse: axial slices, from 0 below, that are annotated although nothing is drawn in "
        + "them; a slice annotated as empty ends an object. May be repeated.", valueName: "n"))
  var empty: [Int] = []

  func validate() throws {
    guard sparse != nil || (label.isEmpty && empty.isEmpty) else {
      throw ValidationError("--label and --empty go with --sparse.")
    }
    guard Set(label.map(\.value)).count == label.count else {
      throw ValidationError("--label names a label twice.")
    }
  }
}

/// `3=spleen`.
struct LabelArgument: ExpressibleByArgument, Sendable {
  var value: UInt16
  var name: String

  init?(argument: String) {
    let parts = argument.split(separator: "=", maxSplits: 1)
    guard parts.count == 2, let value = UInt16(parts[0]), value > 0 else { return nil }
    self.value = value
    name = String(parts[1])
  }
}
