import BusProtocol
import Imaging
import JSONC
import SegSAM
import ZeroMQ

/// Does what a job asks for. No state: everything that is shared stays with the dispatcher.
struct RequestWork: Sendable {
  var engine: any SegmentationEngine
  var lookup: CategoryLookup
  var configuration: SegmentService.Configuration
  /// Of what `stream.replay` tells.
  var stream: Publisher?

  /// - Throws: `ProtocolError`, `CancellationError`, or whatever the engine throws.
  func perform(_ job: Job) async throws -> Answer {
    let progress: @Sendable (Int, Int) -> Void = { [gate = job.progress] done, total in
      gate.advance(done: done, of: total)
    }
    switch job.content.parameters {
    case .segment(let parameters):
      let work = SegmentWork(engine: engine, lookup: lookup, budget: configuration.budget)
      return try await work.answer(
        parameters, image: try image(of: job), earlier: job.earlier, mask: job.content.mask,
        request: job.request, progress: progress)
    case .report(let parameters):
      let work = ReportWork(engine: engine, lookup: lookup, budget: configuration.budget)
      return try await work.answer(
        parameters, image: try image(of: job), request: job.request, progress: progress)
    case .imagePut: return try await put(job)
    case .categoriesList(let parameters): return Answer(result: try lookup.list(parameters))
    case .categoriesResolve(let queries): return Answer(result: lookup.resolve(queries))
    case .streamReplay(let parameters):
      guard let stream else { throw ProtocolError(.internal, "the stream is not kept") }
      // Who has an answer finds what it published.
      await stream.flush()
      return try ReplayWork(
        journal: stream.journal, limits: configuration.limits, budget: configuration.budget
      ).answer(parameters)
    case .imageDrop, .capabilities, .status, .cancel, .modelReload:
      throw ProtocolError(.internal, "this method is not answered by work")
    }
  }

  private func image(of job: Job) throws(ProtocolError) -> KeyedImage {
    if let held = job.image { return held }
    guard let input = job.content.image, let digest = job.imageDigest else {
      throw .invalidArgument("an input image or an image_id is needed", path: "inputs")
    }
    return try ImageReader(limits: configuration.limits).read(input, key: digest.text)
  }

  private func put(_ job: Job) async throws -> Answer {
    let image = try image(of: job)
    guard image.cost <= configuration.budget.heldImageBytes else {
      throw ProtocolError.tooLarge(
        limit: "held_image_bytes", maximum: configuration.budget.heldImageBytes,
        actual: image.cost, path: "inputs[0]")
    }
    try await engine.prepare(image.image, imageKey: image.key)
    var result: JSONObject = [
      "image_id": .string(image.key), "shape": JSONValue(image.image.gridShape),
      "expires_in_s": JSONValue(Int(configuration.imageLease.components.seconds)),
    ]
    if image.isFile { result.addGeometry(of: image.image) }
    return Answer(result: result, held: image)
  }
}
