import BusProtocol
import Imaging
import JSONC
import SegSAM
import Vocabulary

extension Dispatcher {
  /// The results of methods that are answered on the spot; nil for others.
  func immediate(
    _ content: Request, owner: Owner, now: ContinuousClock.Instant
  ) throws(ProtocolError) -> JSONObject? {
    switch content.parameters {
    case .status: return status(of: owner)
    case .capabilities: return capabilities
    case .cancel(let id): return ["cancelled": JSONValue(cancel(id, of: owner))]
    case .imageDrop(let id):
      images.removeExpired(now: now)
      guard images.drop(id, owner: owner) else { throw .unknownImage(id) }
      return ["dropped": true]
    default: return nil
    }
  }

  private func status(of owner: Owner) -> JSONObject {
    let waiting = queue.waiting(of: owner).map { item -> JSONValue in
      ["id": .string(item.id), "ahead": JSONValue(item.ahead)]
    }
    let own = (Array(running.keys) + Array(accepting.keys))
      .filter { $0.owner == owner }.map(\.id).sorted()
    let yours: JSONObject = [
      "queued": .array(waiting), "in_flight": JSONValue(own),
      "images": JSONValue(images.ids(of: owner)),
    ]
    return [
      "live": true, "ready": JSONValue(!isDraining), "queued": JSONValue(queue.count),
      "in_flight": JSONValue(running.count),
      "uptime_s": JSONValue((ContinuousClock.now - birth).milliseconds / 1000),
      "position": JSONValue(publisher.position), "yours": .object(yours),
    ]
  }

  private var capabilities: JSONObject {
    let budget = configuration.budget
    let model = work.engine.model
    var limits = configuration.limits.json
    for (name, value) in [
      ("reply_bytes", budget.replyBytes), ("mask_elements", budget.maskElements),
      ("held_image_bytes", budget.heldImageBytes), ("held_images", budget.heldImages),
      ("queued_requests", budget.queuedRequests), ("queued_bytes", budget.queuedBytes),
    ] { limits[name] = JSONValue(value) }
    let offered = Method.allCases.filter { $0 != .modelReload || reload != nil }
    let vocabulary = work.lookup.vocabulary
    let modalities = Set(vocabulary.categories.flatMap(\.modalities)).sorted()
    let languages = Set(vocabulary.categories.flatMap(\.names.keys)).sorted()
    let stored: JSONObject = [
      "bytes": JSONValue(budget.storedAnswerBytes), "count": JSONValue(budget.storedAnswers),
      "seconds": JSONValue(Int(configuration.answerAge.components.seconds)),
      "durable": JSONValue(durable != nil),
    ]
    return [
      "protocol": .string(RequestHeader.protocolName),
      "methods": JSONValue(offered.map(\.rawValue)),
      "model": ["name": .string(model.name), "version": .string(model.version)],
      "modalities": JSONValue(modalities), "content_types": JSONValue(ImageFile.contentTypes),
      "limits": .object(limits), "languages": JSONValue(languages),
      "stored_answers": .object(stored),
    ]
  }

  /// Of a client's own requests, waiting or at work; each of them gets its `cancelled`.
  private func cancel(_ id: String, of owner: Owner) -> Bool {
    let key = RequestKey(owner: owner, id: id)
    let error = ProtocolError(.cancelled, "cancelled by the client")
    if accepting[key] != nil {
      // It gets its reply once the journal is done with it.
      accepting[key]?.ended = error
      return true
    }
    guard let job = withdraw(key) else { return false }
    fail(job, error)
    pump()
    return true
  }

  /// Takes a request out of the queue, or stops waiting for its work, which ends between slices.
  func withdraw(_ key: RequestKey) -> Job? {
    if let job = queue.remove(key) {
      if job.isDurable, let durable { forget(job, in: durable) }
      return job
    }
    guard let own = running.removeValue(forKey: key) else { return nil }
    own.task?.cancel()
    if own.job.isDurable, let durable { forget(own.job, in: durable) }
    return own.job
  }
}
