import BusProtocol
import JSONC
import SegSAM
import ZeroMQ

/// An answer as it will go out.
struct Finished: Sendable {
  var frames: [Frame]
  var drafts: [StreamDraft]
  var held: KeyedImage?

  /// Writes header and outputs.
  ///
  /// - Parameter limit: bytes of the header, which run-length masks may pass.
  static func make(
    _ answer: Answer, of job: Job, model: ModelInfo, limit: Int
  ) -> Result<Finished, ProtocolError> {
    let now = ContinuousClock.now
    var timing = answer.timing
    timing["queue"] = ((job.start ?? now) - job.arrival).milliseconds
    timing["total"] = (now - job.arrival).milliseconds
    let header = ReplyHeader(
      id: job.key.id, request: job.request, status: .ok,
      model: ReplyHeader.Model(name: model.name, version: model.version),
      result: .object(answer.result), outputs: answer.outputs.map(\.entry), timing: timing)
    guard let frame = header.frame else {
      return .failure(ProtocolError(.internal, "the model's answer holds a number that is none"))
    }
    guard frame.count <= limit else {
      var error = ProtocolError.tooLarge(
        limit: "header_bytes", maximum: limit, actual: frame.count)
      error.message += ": ask for masks as bits, or for fewer at a time"
      return .failure(error)
    }
    return .success(
      Finished(
        frames: [frame] + answer.outputs.map(\.payload.frame), drafts: answer.drafts,
        held: answer.held))
  }
}
