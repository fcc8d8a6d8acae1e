import BusProtocol
import Foundation
import JSONC
import Logging
import SegSAM
import Telemetry
import ZeroMQ

extension Dispatcher {
  /// Past it, parsing and digesting a message would hold up the other clients' messages.
  private static let quickBytes = 1 << 20

  /// Takes what comes in, until the socket is closed.
  func serve(_ parser: MessageParser) async {
    for await message in router.messages {
      guard let peer = message.frames.first else { continue }
      let outcome =
        message.byteCount <= Self.quickBytes
        ? parser.arrival(in: message, from: peer)
        : await Task(executorPreference: executor) {
          parser.arrival(in: message, from: peer)
        }.value
      switch outcome {
      case .success(let arrival): receive(arrival)
      case .failure(let rejection): refuse(rejection, from: peer)
      }
    }
  }

  /// A message that is no acceptable request; it is answered all the same.
  func refuse(_ rejection: Rejection, from peer: Frame) {
    metrics?.rejectedMessages.increment()
    logger.info("refused", metadata: ["status": "\(rejection.error.code.rawValue)"])
    reply(rejection.reply, to: Route(peer: peer, isEnveloped: rejection.isEnveloped))
  }

  /// A request that has passed every check that needs neither state nor model.
  func receive(_ arrival: Arrival) {
    let now = ContinuousClock.now
    let (content, route, owner) = (arrival.content, arrival.route, arrival.owner)
    let key = RequestKey(owner: owner, id: content.header.id)
    let request = UUID().uuidString.lowercased()
    var isCounted = false
    do throws(ProtocolError) {
      try authorize(content.method, user: arrival.user)
      images.renew(owner, now: now)
      if repeats(key, arrival, now: now) { return }
      try admit(content, owner: owner)
      // Who is held back may still take back what it asked for.
      if content.method != .cancel {
        try limiter.admit(owner, bytes: content.payloadBytes, now: now)
        isCounted = true
      }
      if let result = try immediate(content, owner: owner, now: now) {
        if isCounted { limiter.finish(owner, bytes: content.payloadBytes) }
        return settle(
          result, of: content.method, key: key, digest: arrival.digest, route: route,
          request: request, now: now)
      }
      try take(
        Job(
          request: request, key: key, digest: arrival.digest, route: route, content: content,
          imageDigest: arrival.imageDigest, image: try heldImage(content, owner: owner, now: now),
          earlier: try earlierAnswer(content, owner: owner), lane: content.lane,
          arrival: now, cost: content.cost,
          progress: ProgressGate(
            id: key.id, request: request, router: router, publisher: publisher,
            isPublic: content.lane == .model), isCounted: isCounted), frames: arrival.frames)
    } catch {
      if isCounted { limiter.finish(owner, bytes: content.payloadBytes) }
      metrics?.requests.increment(content.method.rawValue, error.code.rawValue)
      logger.info(
        "request",
        metadata: [
          "request": "\(request)", "method": "\(content.header.method)",
          "status": "\(error.code.rawValue)",
        ])
      reply(.failure(error, id: key.id, request: request), to: route)
    }
  }

  private func authorize(_ method: Method, user: String?) throws(ProtocolError) {
    do {
      try ring?.authorize(method, of: user)
    } catch {
      metrics?.authDenied.increment()
      throw error
    }
  }

  /// Whether this id was seen: then the answer is sent again, the request is joined, or there is a
  /// conflict.
  private func repeats(
    _ key: RequestKey, _ arrival: Arrival, now: ContinuousClock.Instant
  ) -> Bool {
    let (route, digest) = (arrival.route, arrival.digest)
    answers.removeExpired(now: now)
    let conflict = ReplyHeader.failure(.idConflict, id: key.id)
    if let answer = answers.answer(for: key) {
      if answer.digest == digest {
        send(answer.frames, to: route, request: nil, id: key.id)
      } else {
        reply(conflict, to: route)
      }
      return true
    }
    guard let job = job(key) else { return false }
    guard job.digest == digest else {
      reply(conflict, to: route)
      return true
    }
    // The final reply goes to the route that asked last.
    running[key]?.job.route = route
    accepting[key]?.job.route = route
    queue.update(key) { $0.route = route }
    let header = arrival.content.header
    if header.progress {
      job.progress.tell(route)
    } else if job.isDurable, accepting[key] == nil, !route.isEnveloped {
      reply(ReplyHeader(id: key.id, request: job.request, status: .accepted), to: route)
    }
    return true
  }

  /// What is queued, on its way there or at work.
  func job(_ key: RequestKey) -> Job? {
    running[key]?.job ?? accepting[key]?.job ?? queue.job(key)
  }

  private func admit(_ content: Request, owner: Owner) throws(ProtocolError) {
    switch content.parameters {
    case .modelReload where reload == nil:
      throw ProtocolError(.unknownMethod, "this server does not load other models")
    case .segment, .report, .imagePut, .categoriesList, .categoriesResolve, .streamReplay,
      .modelReload:
      if isDraining { throw .busy(retryAfterMilliseconds: 1000) }
    case .imageDrop, .capabilities, .status, .cancel: break
    }
    if content.method == .imagePut {
      try configuration.clientLimits.checkHeld(images.ids(of: owner).count)
    }
    try checkDurable(content, owner: owner)
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

  /// The answer from which a request goes on.
  private func earlierAnswer(
    _ content: Request, owner: Owner
  ) throws(ProtocolError) -> [Frame]? {
    guard case .segment(let parameters) = content.parameters, let id = parameters.refine else {
      return nil
    }
    guard let answer = answers.answer(for: RequestKey(owner: owner, id: id)) else {
      throw .invalidArgument(
        "no answer of yours with the id \"\(id)\" is stored (any more): segment without refine",
        path: "parameters.refine")
    }
    return answer.frames
  }

  /// Queues a job, or starts it where it need not wait.
  private func take(_ job: Job, frames: [Frame]) throws(ProtocolError) {
    if job.isDurable, let durable {
      guard queue.hasRoom(for: job) else { throw .busy(retryAfterMilliseconds: retryAfter) }
      return accept(job, frames: frames, in: durable)
    }
    switch job.lane {
    case .light:
      guard busy[.light, default: 0] < Self.lightRequests else {
        throw .busy(retryAfterMilliseconds: 50)
      }
    case .model:
      guard queue.insert(job) else { throw .busy(retryAfterMilliseconds: retryAfter) }
    }
    if let deadline = job.deadline { schedule(job, deadline) }
    if job.content.header.progress, let route = job.route { job.progress.tell(route) }
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
    _ result: JSONObject, of method: Method, key: RequestKey, digest: ContentDigest, route: Route,
    request: String,
    now: ContinuousClock.Instant
  ) {
    let model = work.engine.model
    let header = ReplyHeader(
      id: key.id, request: request, status: .ok,
      model: ReplyHeader.Model(name: model.name, version: model.version),
      result: .object(result),
      timing: ["queue": 0, "total": (ContinuousClock.now - now).milliseconds])
    guard let frame = header.frame else { return }
    metrics?.requests.increment(method.rawValue, "ok")
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
  var cost: Int { payloadBytes + 4096 }
  var payloadBytes: Int { image?.tensor.payload.count ?? 0 }
}
