import BusProtocol
import Foundation
import JSONC
import Logging
import SegSAM
import ZeroMQ

extension Dispatcher {
  /// A message that is no acceptable request; it is answered all the same.
  func refuse(_ rejection: Rejection, from peer: Frame) {
    logger.info("refused", metadata: ["status": "\(rejection.error.code.rawValue)"])
    reply(rejection.reply, to: Route(peer: peer, isEnveloped: rejection.isEnveloped))
  }

  /// A request that has passed every check that needs neither state nor model.
  func receive(_ content: Request, digest: ContentDigest, from peer: Frame) {
    let now = ContinuousClock.now
    let route = Route(peer: peer, isEnveloped: content.isEnveloped)
    let owner = Owner(client: content.header.client, route: peer)
    let key = RequestKey(owner: owner, id: content.header.id)
    images.renew(owner, now: now)
    if repeats(key, content, digest: digest, route: route, now: now) { return }
    let request = UUID().uuidString.lowercased()
    do throws(ProtocolError) {
      try admit(content)
      if let result = try immediate(content, owner: owner, now: now) {
        return settle(result, key: key, digest: digest, route: route, request: request, now: now)
      }
      try take(
        Job(
          request: request, key: key, digest: digest, route: route, content: content,
          image: try heldImage(content, owner: owner, now: now), lane: content.lane,
          arrival: now, cost: content.cost,
          progress: ProgressGate(
            id: key.id, request: request, router: router, publisher: publisher,
            isPublic: content.lane == .model)))
    } catch {
      logger.info(
        "request",
        metadata: [
          "request": "\(request)", "method": "\(content.header.method)",
          "status": "\(error.code.rawValue)",
        ])
      reply(.failure(error, id: key.id, request: request), to: route)
    }
  }

  /// Whether this id was seen: then the answer is sent again, the request is joined, or there is a
  /// conflict.
  private func repeats(
    _ key: RequestKey, _ content: Request, digest: ContentDigest, route: Route,
    now: ContinuousClock.Instant
  ) -> Bool {
    answers.removeExpired(now: now)
    let conflict = ReplyHeader.failure(
      ProtocolError(
        .idConflict, "this id was used with another content: give each request an id of its own"),
      id: key.id)
    if let answer = answers.answer(for: key) {
      if answer.digest == digest {
        send(answer.frames, to: route, request: nil, id: key.id)
      } else {
        reply(conflict, to: route)
      }
      return true
    }
    guard let job = running[key]?.job ?? queue.job(key) else { return false }
    guard job.digest == digest else {
      reply(conflict, to: route)
      return true
    }
    // The final reply goes to the route that asked last.
    running[key]?.job.route = route
    queue.update(key) { $0.route = route }
    if content.header.progress { job.progress.tell(route) }
    return true
  }

  private func admit(_ content: Request) throws(ProtocolError) {
    if content.header.durable {
      throw .invalidArgument(
        "this server keeps no journal: send without durable", path: "durable")
    }
    switch content.parameters {
    case .streamReplay, .modelReload:
      throw ProtocolError(
        .unknownMethod, "this server does not offer \"\(content.header.method)\"")
    case .segment, .report, .imagePut, .categoriesList, .categoriesResolve:
      if isDraining { throw .busy(retryAfterMilliseconds: 1000) }
    case .imageDrop, .capabilities, .status, .cancel: break
    }
  }

  private func heldImage(
    _ content: Request, owner: Owner, now: ContinuousClock.Instant
  ) throws(ProtocolError) -> KeyedImage? {
    let id: String?
    switch content.parameters {
    case .segment(let parameters): id = parameters.imageID
    case .report(let parameters): id = parameters.imageID
    default: id = nil
    }
    guard let id else { return nil }
    images.removeExpired(now: now)
    guard let image = images.take(id, owner: owner, now: now) else { throw .unknownImage(id) }
    return image
  }

  /// Queues a job, or starts it where it need not wait.
  private func take(_ job: Job) throws(ProtocolError) {
    switch job.lane {
    case .light:
      guard busy[.light, default: 0] < Self.lightRequests else {
        throw .busy(retryAfterMilliseconds: 50)
      }
    case .model:
      guard queue.insert(job) else { throw .busy(retryAfterMilliseconds: retryAfter) }
    }
    if let deadline = job.deadline { schedule(job, deadline) }
    if job.content.header.progress { job.progress.tell(job.route) }
    if job.lane == .light { launch(job) }
    pump()
  }

  /// When about half of the queue will be done.
  private var retryAfter: Int {
    let waiting = Double(queue.count + 1) / Double(configuration.workers)
    return Int(min(60_000, max(50, waiting / 2 * usualTime)))
  }

  /// Answers what needs no work.
  private func settle(
    _ result: JSONObject, key: RequestKey, digest: ContentDigest, route: Route, request: String,
    now: ContinuousClock.Instant
  ) {
    let header = ReplyHeader(
      id: key.id, request: request, status: .ok,
      model: ReplyHeader.Model(name: work.engine.model.name, version: work.engine.model.version),
      result: .object(result),
      timing: ["queue": 0, "total": (ContinuousClock.now - now).milliseconds])
    guard let frame = header.frame else { return }
    answers.store(AnswerStore.Answer(digest: digest, frames: [frame], time: now), for: key)
    send([frame], to: route, request: request, id: key.id)
  }
}

extension Request {
  var lane: Lane {
    switch parameters {
    case .segment, .report, .imagePut: .model
    default: .light
    }
  }

  /// Bytes that it keeps while it waits, and something for the rest.
  var cost: Int { (image?.tensor.payload.count ?? 0) + 4096 }
}
