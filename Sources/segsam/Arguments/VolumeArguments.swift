public import ArgumentParser
import BusProtocol
public import SegSAM

extension VolumeOptions.Zoom: ExpressibleByArgument {}
extension VolumeOptions.Propagation: ExpressibleByArgument {}

/// How volumes are worked on.
struct VolumeArguments: ParsableArguments {
  @Option(
    help: """
      Of volumes, zoom-out-zoom-in: off (every slice whole), auto (closer where an object is small in \
      its slices), on, or everywhere (windows at full resolution over all; slow, to compare with).
      """)
  var zoom = VolumeOptions().zoom

  @Option(
    help: """
      Of volumes, whether masks are led from slice to slice: off, auto (on from where they end), or \
      annotated (with --sparse: between annotated slices only).
      """)
  var propagate = VolumeOptions().propagation

  @Option(
    help: ArgumentHelp(
      "Of volumes, the steps of anatomy, with commas between: sides, components, holes; or none.",
      valueName: "steps"))
  var postProcess: StepsArgument = StepsArgument(VolumeOptions().postProcessing)

  var options: VolumeOptions {
    VolumeOptions(
      zoom: zoom, propagation: propagate, postProcessing: postProcess.steps)
  }
}

/// `sides,components,holes` or `none`.
struct StepsArgument: ExpressibleByArgument, CustomStringConvertible, Sendable {
  var steps: Set<ProcessingStep.Kind>

  init(_ steps: Set<ProcessingStep.Kind>) { self.steps = steps }

  init?(argument: String) {
    steps = []
    if argument == "none" { return }
    for name in argument.split(separator: ",", omittingEmptySubsequences: false) {
      guard let step = ProcessingStep.Kind.postProcessing.first(where: { $0.rawValue == name })
      else { return nil }
      steps.insert(step)
    }
  }

  var description: String {
    let names = ProcessingStep.Kind.postProcessing.filter(steps.contains).map(\.rawValue)
    return names.isEmpty ? "none" : names.joined(separator: ",")
  }
  var defaultValueDescription: String { description }
}

extension VolumeArguments {
  /// What a request can say; members that are as usual are left out.
  func apply(to parameters: inout SegmentParameters) {
    let usual = VolumeOptions()
    if zoom != usual.zoom { parameters.zoom = SegmentParameters.Zoom(rawValue: zoom.rawValue) }
    if propagate != usual.propagation {
      parameters.propagate = SegmentParameters.Propagation(rawValue: propagate.rawValue)
    }
    if postProcess.steps != usual.postProcessing {
      parameters.postProcess = Set(
        postProcess.steps.compactMap { SegmentParameters.PostProcessing(rawValue: $0.rawValue) })
    }
  }

  /// What no request can say.
  func checkForRequest() throws {
    guard SegmentParameters.Zoom(rawValue: zoom.rawValue) != nil else {
      throw ValidationError("--zoom \(zoom.rawValue) goes with evaluate only.")
    }
    guard SegmentParameters.Propagation(rawValue: propagate.rawValue) != nil else {
      throw ValidationError("--propagate \(propagate.rawValue) goes with --sparse.")
    }
  }
}
