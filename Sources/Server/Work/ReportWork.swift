import BusProtocol
import Foundation
import Imaging
import JSONC
import Reporting
import SegSAM
import Vocabulary
import ZeroMQ

/// Answers `report`: the named categories, or all trained ones that are found present and drawn.
struct ReportWork: Sendable {
  var engine: any SegmentationEngine
  var lookup: CategoryLookup
  var budget: SegmentService.Budget

  /// Under this probability over the whole image a category is not looked for further. Lower than
  /// any threshold of presence, which the model then applies.
  private static let leastProbability = 0.2

  func answer(
    _ parameters: ReportParameters, image: KeyedImage, request: String,
    progress: @escaping @Sendable (Int, Int) -> Void
  ) async throws -> Answer {
    var categories: [String] = []
    for text in parameters.categories ?? [] { categories.append(try lookup.category(text)) }
    let isNamed = parameters.categories != nil
    if !isNamed { categories = try await likely(in: image) }
    let (elements, overflow) = categories.count.multipliedReportingOverflow(
      by: image.image.voxelCount)
    guard !overflow, elements <= budget.maskElements else {
      throw ProtocolError.tooLarge(limit: "mask_elements", maximum: budget.maskElements)
    }
    var result = try await refusingQueries {
      try await engine.segment(
        image.image, imageKey: image.key, queries: categories.map { Query(.category($0)) },
        options: SegmentOptions(wantsSemanticMask: false, wantsProbabilities: false),
        progress: progress)
    }
    try Task.checkCancellation()
    guard result.queries.count == categories.count else {
      throw ProtocolError(.internal, "the model's answer has a wrong shape")
    }
    for n in categories.indices where !lookup.isTrained(categories[n]) {
      result.queries[n].isPresent = false
      result.queries[n].presence = 0
    }
    if !isNamed {
      // What is thought to be there but nowhere in particular has nothing to measure.
      let found = categories.indices.filter { n in
        result.queries[n].isPresent
          && result.queries[n].mask?.voxels.contains { $0 != 0 } ?? false
      }
      categories = found.map { categories[$0] }
      result.queries = found.map { result.queries[$0] }
    }
    let study = try Study(
      image: image.image, results: [result], subjects: categories.map(subject),
      model: engine.model, created: Date.now.formatted(.iso8601))
    return try encode(study, parameters, timing: result.timing, request: request)
  }

  /// Trained categories, in the vocabulary's order, that may be in the image.
  private func likely(in image: KeyedImage) async throws -> [String] {
    let first = try await engine.segment(
      image.image, imageKey: image.key, queries: [],
      options: SegmentOptions(wantsBinaryMasks: false, wantsSemanticMask: false), progress: nil)
    return lookup.vocabulary.concrete.map(\.id).filter {
      engine.trainedCategories.contains($0)
        && first.probabilities[$0] ?? 0 >= Self.leastProbability
    }
  }

  private func subject(_ id: String) -> Study.Subject {
    guard let category = lookup.vocabulary[id] else {
      return Study.Subject(name: id, color: [255, 200, 0])
    }
    let color = category.color
    return Study.Subject(name: category.name, color: [color.red, color.green, color.blue])
  }

  private func encode(
    _ study: Study, _ parameters: ReportParameters, timing: [String: Double], request: String
  ) throws -> Answer {
    let report = try JSONCEncoder().value(of: study.report())
    var answer = Answer(result: ["report": report], timing: timing)
    if parameters.format == .html {
      let page = try study.html()
      guard page.utf8.count <= budget.replyBytes else {
        throw ProtocolError.tooLarge(
          limit: "reply_bytes", maximum: budget.replyBytes, actual: page.utf8.count)
      }
      let entry = TensorEntry(
        name: "html", datatype: .bytes,
        parameters: ["content_type": "text/html; charset=utf-8"])
      answer.outputs = [Tensor(entry: entry, payload: Payload(Frame(page)))]
    }
    if let name = parameters.publish {
      answer.drafts = [
        StreamDraft(
          topic: .report(study: name), request: request, study: name,
          result: ["report": report])
      ]
    }
    return answer
  }
}
