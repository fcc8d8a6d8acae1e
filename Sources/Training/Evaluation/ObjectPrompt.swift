import Imaging
import SegSAM

/// How one object is asked for.
struct ObjectPrompt {
  /// One, or one for each of its regions; none where there is nothing to point at.
  var queries: [Query]
  /// What each query is about.
  var targets: [BinaryMask]
}

extension Evaluation {
  /// - Parameter key: of the object; what is drawn by lot for it is drawn from this, so that it is the
  ///   same in every run.
  func prompt(for category: String, truth: BinaryMask, key: String) -> ObjectPrompt {
    guard prompt == .text || isMeasured(truth) else {
      return ObjectPrompt(queries: [], targets: [])
    }
    switch prompt {
    case .text:
      return ObjectPrompt(queries: [Query(.category(category))], targets: [truth])
    case .box, .textAndBox:
      let regions = (mode ?? .boxWhole).regions(of: truth)
      let boxes = regions.enumerated().compactMap { n, region in
        box(of: region, key: n == 0 ? key : "\(key) \(n)")
      }
      return ObjectPrompt(
        queries: boxes.map { Query(prompt == .box ? .unnamed : .category(category), box: $0) },
        targets: regions.count == 1 ? [truth] : regions)
    case .points:
      var random = SeededRandom(for: key)
      let regions = mode?.regions(of: truth) ?? [truth]
      let clicks = regions.compactMap { SimulatedClick.first(in: $0, random: &random) }
      guard !clicks.isEmpty else { return ObjectPrompt(queries: [], targets: []) }
      return ObjectPrompt(queries: [Query(.unnamed, clicks: clicks)], targets: [truth])
    }
  }

  private func isMeasured(_ truth: BinaryMask) -> Bool {
    truth.count >= leastPixels && (!wantsSingle || truth.regions(most: 2).count == 1)
  }

  /// The tight box, each side moved by up to `boxJitter` pixels, within the image and never empty.
  private func box(of mask: BinaryMask, key: String) -> Box? {
    guard let tight = mask.boundingBox?.bounds(isVolume: false) else { return nil }
    guard boxJitter > 0 else { return Box(tight.map(Double.init)) }
    var random = SeededRandom(for: key)
    let extents = [mask.width, mask.height]
    let moved = tight.enumerated().map { n, side in
      let off = random.below(2 * boxJitter + 1) - boxJitter
      return min(max(side + off, 0), extents[n % 2])
    }
    guard moved[0] < moved[2], moved[1] < moved[3] else { return Box(tight.map(Double.init)) }
    return Box(moved.map(Double.init))
  }
}
