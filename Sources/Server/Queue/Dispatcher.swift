import BusProtocol
import Dispatch
import JSONC
import Logging
import SegSAM
import Telemetry
import ZeroMQ

/// Who asked for what, what waits, what runs, and what is kept: the server's only mutable state.
///
/// It lives on the sockets' thread, so that a request costs no change of thread but to the engine's
/// and back. Its methods are short; what computes or waits for a disk runs in tasks on `executor`
/// and `engineExecutor`.
actor Dispatcher {
  nonisolated var unownedExecutor: UnownedSerialExecutor { loop.unownedExecutor }
  private nonisolated let loop: SocketLoop

  struct Running {
    var job: Job
    var task: Task<Void, Never>?
  }

  let configuration: SegmentService.Configuration
  let router: Endpoint
  let publisher: Publisher
  /// Another one after the model was reloaded; what runs keeps its own.
  var work: RequestWork
  let logger: Logger
  let executor = WorkExecutor(label: "segsam.work")
  /// Of the model lane, with threads of its own, which the engine holds while it computes.
  let engineExecutor = WorkExecutor(label: "segsam.engine", qos: .userInitiated)
  let birth = ContinuousClock.now
  /// Where durable requests are kept; nil: nowhere.
  let durable: DurableRequests?
  /// By which each request is asked about; nil: everybody may do everything.
  let ring: KeyRing?
  let metrics: ServerMetrics?
  /// Loads another model; nil where that is not offered.
  let reload: SegmentService.Reload?

  var queue: JobQueue
  var running: [RequestKey: Running] = [:]
  var accepting: [RequestKey: Accepting] = [:]
  var answers: AnswerStore
  var images: ImageStore
  var limiter: RateLimiter<Owner>
  /// One for each request with a deadline, by the server's id of it.
  var timers: [String: Task<Void, Never>] = [:]
  /// Work under way in each lane, that of requests answered early included.
  var busy: [Lane: Int] = [:]
  var isDraining = false
  var isReloading = false
  /// Under which `model.reload` got the model that answers; nil: the one that the server began with.
  var modelName: String?
  var idleWaiters: [CheckedContinuation<Void, Never>] = []
  /// Milliseconds that a request has held the model, smoothed; tells when to come again.
  var usualTime = 100.0

  /// Requests of the light lane at a time.
  static let lightRequests = 16

  init(
    configuration: SegmentService.Configuration, loop: SocketLoop, router: Endpoint,
    publisher: Publisher, work: RequestWork, logger: Logger, durable: DurableRequests? = nil,
    reload: SegmentService.Reload? = nil, metrics: ServerMetrics? = nil, ring: KeyRing? = nil
  ) {
    self.configuration = configuration
    self.loop = loop
    self.router = router
    self.publisher = publisher
    self.work = work
    self.logger = logger
    (self.durable, self.reload, self.metrics, self.ring) = (durable, reload, metrics, ring)
    let budget = configuration.budget
    queue = JobQueue(capacity: budget.queuedRequests, byteCapacity: budget.queuedBytes)
    limiter = RateLimiter(limits: configuration.clientLimits, clients: budget.clients)
    answers = AnswerStore(
      capacity: budget.storedAnswerBytes, count: budget.storedAnswers,
      age: configuration.answerAge)
    images = ImageStore(
      capacity: budget.heldImageBytes, count: budget.heldImages, lease: configuration.imageLease)
  }

  /// Forgets what has expired.
  func sweep() {
    let now = ContinuousClock.now
    images.removeExpired(now: now)
    answers.removeExpired(now: now)
    limiter.removeIdle(now: now)
  }

  /// Starts what can run.
  func pump() {
    while busy[.model, default: 0] < configuration.workers, let job = queue.popFirst() {
      launch(job)
    }
    if isIdle {
      for waiter in idleWaiters { waiter.resume() }
      idleWaiters = []
    }
  }

  var isIdle: Bool { running.isEmpty && accepting.isEmpty && queue.count == 0 }

  func launch(_ queued: Job) {
    var job = queued
    let start = ContinuousClock.now
    job.start = start
    busy[job.lane, default: 0] += 1
    if job.lane == .model { metrics?.queueWaitSeconds.observe(start - job.arrival) }
    let began = job
    // Begun and ended on this actor, so that the last change of thread is the one that brings the
    // answer.
    let task = Task.immediate { [work] in
      let outcome = await withTaskExecutorPreference(
        began.lane == .model ? engineExecutor : executor
      ) {
        await self.outcome(of: began, work)
      }
      finish(began, outcome)
    }
    running[job.key] = Running(job: job, task: task)
  }

  @concurrent
  nonisolated private func outcome(
    of job: Job, _ work: RequestWork
  ) async -> Result<Finished, ProtocolError> {
    let outcome: Result<Finished, ProtocolError>
    do {
      if job.isDurable, durable?.begin(job) == false {
        throw ProtocolError(.internal, "the server has ended several times at this request")
      }
      let answer = try await perform(job, with: work)
      metrics?.observe(stages: answer.timing)
      outcome = Finished.make(
        answer, of: job, model: work.engine.model, limit: configuration.limits.headerBytes)
    } catch {
      outcome = .failure(explain(error, of: job))
    }
    // On disk before anybody hears of it.
    if job.isDurable, case .success(let finished) = outcome, !Task.isCancelled {
      durable?.finish(job, finished)
    }
    return outcome
  }

  nonisolated private func perform(_ job: Job, with work: RequestWork) async throws -> Answer {
    if case .modelReload(let name) = job.content.parameters {
      return try await loadModel(name)
    }
    return try await EngineThreads.$mayBlock.withValue(true) { try await work.perform(job) }
  }

  /// What of an error a client may see. What is not documented is a fault of the server's: logged,
  /// and not told.
  nonisolated private func explain(_ error: any Error, of job: Job) -> ProtocolError {
    if let error = error as? ProtocolError { return error }
    if error is CancellationError {
      return ProtocolError(.cancelled, "the work was cancelled")
    }
    logger.error(
      "a request failed",
      metadata: ["request": "\(job.request)", "error": "\(type(of: error)): \(error)"])
    return ProtocolError(
      .internal, "a fault of the server, which its log tells under this request")
  }

  private func finish(_ job: Job, _ outcome: Result<Finished, ProtocolError>) {
    busy[job.lane, default: 1] -= 1
    defer { pump() }
    if job.lane == .model, let start = job.start {
      usualTime += 0.2 * ((ContinuousClock.now - start).milliseconds - usualTime)
    }
    // Expired or cancelled meanwhile: answered already.
    guard let own = running[job.key], own.job.request == job.request else { return }
    running[job.key] = nil
    switch outcome {
    case .success(let finished): succeed(own.job, finished)
    case .failure(let error):
      if own.job.isDurable, let durable { forget(own.job, in: durable) }
      fail(own.job, error)
    }
  }

  private func succeed(_ job: Job, _ finished: Finished) {
    let now = ContinuousClock.now
    if let held = finished.held {
      images.put(held, id: held.key, owner: job.key.owner, now: now)
    }
    let areTaken = finished.drafts.map { publisher.publish($0) }.allSatisfy { $0 }
    if job.isDurable, areTaken, !finished.drafts.isEmpty, let durable {
      publisher.afterwards { _ in durable.published(job.key) }
    }
    // What the journal holds is not held twice.
    if job.content.method != .streamReplay {
      answers.store(
        AnswerStore.Answer(digest: job.digest, frames: finished.frames, time: now), for: job.key)
    }
    end(job, status: "ok") { route in
      send(finished.frames, to: route, request: job.request, id: job.key.id)
    }
  }

  func fail(_ job: Job, _ error: ProtocolError) {
    end(job, status: error.code.rawValue) { route in
      reply(.failure(error, id: job.key.id, request: job.request), to: route)
    }
  }

  /// Ends a request with its final reply. Its client waits for nothing else: what the stream and the
  /// log are told comes after it.
  func end(_ job: Job, status: String, _ answer: (Route) -> Void) {
    timers.removeValue(forKey: job.request)?.cancel()
    if job.isCounted { limiter.finish(job.key.owner, bytes: job.content.payloadBytes) }
    let isLast = job.progress.shut()
    if let route = job.route { answer(route) }
    let total = ContinuousClock.now - job.arrival
    let method = job.content.method.rawValue
    metrics?.requests.increment(method, status)
    metrics?.requestSeconds.observe(total, method)
    // The reply is queued, and goes out when the sockets have their turn: before this.
    Task {
      if isLast { job.progress.publishLast(status) }
      logger.info(
        "request",
        metadata: [
          "request": "\(job.request)", "method": "\(job.content.header.method)",
          "status": "\(status)", "ms": "\(total.milliseconds)",
        ])
    }
  }

  func reply(_ header: ReplyHeader, to route: Route) {
    guard let frame = header.frame else { return }
    if !router.send(route.message([frame])) {
      logger.warning("a reply found no room", metadata: ["request": "\(header.request ?? "none")"])
    }
  }

  /// Sends a final reply. One that finds no room, because its client does not read, gives way to a
  /// small one: the answer is kept, and the client may ask for it again.
  func send(_ frames: [Frame], to route: Route, request: String?, id: String) {
    if router.send(route.message(frames)) { return }
    logger.warning("a reply found no room", metadata: ["request": "\(request ?? "none")"])
    let busy = ProtocolError(
      .busy, "earlier replies are not read yet: read them, and ask again with the same id",
      details: ["retry_after_ms": 1000])
    if let frame = ReplyHeader.failure(busy, id: id, request: request).frame {
      router.send(route.message([frame]))
    }
  }
}
