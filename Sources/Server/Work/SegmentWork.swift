import BusProtocol
import Imaging
import JSONC
import SegSAM
import ZeroMQ

/// Answers `segment`.
struct SegmentWork: Sendable {
  var engine: any SegmentationEngine
  var lookup: CategoryLookup
  var budget: SegmentService.Budget

  /// - Parameters:
  ///   - earlier: the stored answer that `refine` names.
  ///   - mask: the input `mask`.
  func answer(
    _ parameters: SegmentParameters, image: KeyedImage, earlier: [Frame]? = nil,
    mask: Tensor? = nil, request: String,
    progress: @escaping @Sendable (Int, Int) -> Void
  ) async throws -> Answer {
    var plan = try QueryPlan(parameters, image: image.image, lookup: lookup)
    if let earlier { try plan.start(from: earlier, image: image.image) }
    if let mask {
      // Of a tensor it was checked on arrival; of a file or a held image it could not be.
      try mask.checkMaskShape(
        for: parameters, gridShape: image.image.gridShape,
        at: Request.maskPath(hasImage: parameters.imageID == nil))
      plan.start(from: mask, image: image.image)
    }
    try checkSize(parameters, plan: plan, image: image.image)
    var options = SegmentOptions(
      threshold: parameters.threshold, presenceThreshold: parameters.presenceThreshold,
      wantsSemanticMask: parameters.outputs.contains(.semanticMask),
      wantsProbabilities: parameters.outputs.contains(.probabilities),
      wantsAlternatives: parameters.outputs.contains(.alternatives))
    options.volume = VolumeOptions(parameters)
    let asked = options
    var result = try await refusingQueries {
      try await engine.segment(
        image.image, imageKey: image.key, queries: plan.queries, options: asked,
        progress: progress)
    }
    try Task.checkCancellation()
    try check(result, plan: plan, image: image.image)
    guardUntrained(&result, plan: plan)
    return try encode(result, plan: plan, parameters, image: image, request: request)
  }

  /// Refuses, before any work, what would be too large to hold or to send.
  private func checkSize(
    _ parameters: SegmentParameters, plan: QueryPlan, image: MedicalImage
  ) throws(ProtocolError) {
    let count = plan.queries.count
    let drawn = parameters.outputs.contains(.alternatives) ? 1 + Self.alternativeCount : 1
    let (elements, overflow) = (count * drawn).multipliedReportingOverflow(by: image.voxelCount)
    guard !overflow, elements <= budget.maskElements else {
      throw .tooLarge(
        limit: "mask_elements", maximum: budget.maskElements, actual: overflow ? nil : elements)
    }
    var bytes = 0
    if parameters.outputs.contains(.binaryMasks) {
      switch parameters.encoding {
      case .raw: bytes += count * image.voxelCount
      case .bits: bytes += count * ((image.voxelCount + 7) / 8)
      case .rle: break
      }
    }
    if parameters.outputs.contains(.alternatives) {
      let each = parameters.encoding == .raw ? image.voxelCount : (image.voxelCount + 7) / 8
      bytes += count * Self.alternativeCount * each
    }
    if parameters.outputs.contains(.semanticMask) {
      let labels = plan.queries.reduce(into: Set<String>()) { labels, query in
        if case .category(let id) = query.subject { labels.formUnion(lookup.parts(of: id)) }
      }
      bytes += image.voxelCount * (labels.count > 255 ? 2 : 1)
    }
    guard bytes <= budget.replyBytes else {
      throw .tooLarge(limit: "reply_bytes", maximum: budget.replyBytes, actual: bytes)
    }
  }

  /// An engine is trusted with the image, not with the server's memory.
  private func check(
    _ result: SegmentationResult, plan: QueryPlan, image: MedicalImage
  ) throws(ProtocolError) {
    let fits =
      result.queries.count == plan.queries.count
      && result.queries.allSatisfy { $0.mask?.voxels.count ?? -1 == image.voxelCount }
      && result.queries.flatMap(\.alternatives).allSatisfy { $0.voxels.count == image.voxelCount }
      && result.semanticMask?.labels.count ?? image.voxelCount == image.voxelCount
    guard fits else { throw ProtocolError(.internal, "the model's answer has a wrong shape") }
  }

  /// A category that the model was not trained on is never present without a spatial prompt.
  private func guardUntrained(_ result: inout SegmentationResult, plan: QueryPlan) {
    for (n, query) in plan.queries.enumerated() {
      guard case .category(let id) = query.subject, !query.hasPlace, !lookup.isTrained(id)
      else { continue }
      result.queries[n].isPresent = false
      result.queries[n].presence = 0
      result.queries[n].mask = result.queries[n].mask.map {
        BinaryMask(width: $0.width, height: $0.height, depth: $0.depth)
      }
      for part in result.queries[n].parts.indices {
        result.queries[n].parts[part].isPresent = false
        result.queries[n].parts[part].presence = 0
      }
    }
  }
}

extension VolumeOptions {
  /// What a request says, and else as usual.
  init(_ parameters: SegmentParameters) {
    self.init()
    if let zoom = parameters.zoom.flatMap({ Zoom(rawValue: $0.rawValue) }) { self.zoom = zoom }
    if let propagate = parameters.propagate.flatMap({ Propagation(rawValue: $0.rawValue) }) {
      propagation = propagate
    }
    if let steps = parameters.postProcess {
      postProcessing = Set(steps.compactMap { ProcessingStep.Kind(rawValue: $0.rawValue) })
    }
  }
}
