import BusProtocol
import ZeroMQ

extension Dispatcher {
  /// A durable request on its way to the disk.
  struct Accepting: Sendable {
    var job: Job
    /// Cancelled or expired before it got there.
    var ended: ProtocolError?
  }

  /// What cannot be promised is refused before anything is written.
  func checkDurable(_ content: Request, owner: Owner) throws(ProtocolError) {
    guard content.header.durable else { return }
    guard durable != nil else {
      throw .invalidArgument(
        "this server keeps no journal: send without durable", path: "durable")
    }
    guard owner.isLasting else {
      throw .invalidArgument(
        "a durable request needs a client, a UUID kept over reconnects, so that its answer can be "
          + "asked for", path: "client")
    }
    if case .segment(let parameters) = content.parameters, parameters.refine != nil {
      throw .invalidArgument(
        "a durable request stands by itself: send refine without durable",
        path: "parameters.refine")
    }
    switch content.parameters {
    case .segment(let parameters) where parameters.imageID == nil: break
    case .report(let parameters) where parameters.imageID == nil: break
    case .segment, .report:
      throw .invalidArgument(
        "a held image does not outlive the server: send the image with a durable request",
        path: "parameters.image_id")
    default:
      throw .invalidArgument("\(content.header.method) cannot be durable", path: "durable")
    }
  }

  /// Writes a request to the journal, and queues it once it is there.
  func accept(_ job: Job, frames: [Frame], in durable: DurableRequests) {
    accepting[job.key] = Accepting(job: job)
    if let deadline = job.deadline { schedule(job, deadline) }
    Task(executorPreference: executor) {
      let outcome = Result { () throws(ProtocolError) in
        try durable.accept(job, frames: frames)
      }
      await self.accepted(job, outcome, in: durable)
    }
  }

  private func accepted(
    _ written: Job, _ outcome: Result<DurableRequests.Acceptance, ProtocolError>,
    in durable: DurableRequests
  ) {
    guard let own = accepting.removeValue(forKey: written.key) else { return }
    let job = own.job
    if let ended = own.ended {
      forget(job, in: durable)
      return fail(job, ended)
    }
    switch outcome {
    case .failure(let error): fail(job, error)
    case .success(.answered(let frames)):
      answers.store(
        AnswerStore.Answer(digest: job.digest, frames: frames, time: .now), for: job.key)
      end(job, status: "ok") { send(frames, to: $0, request: nil, id: job.key.id) }
    case .success(.accepted):
      // What was promised is done, however full the queue has become.
      _ = queue.insert(job, isForced: true)
      if let route = job.route, !route.isEnveloped {
        if job.content.header.progress {
          job.progress.tell(route)
        } else {
          reply(ReplyHeader(id: job.key.id, request: job.request, status: .accepted), to: route)
        }
      }
      pump()
    }
  }

  /// Takes a request that ended without an answer out of the journal.
  func forget(_ job: Job, in durable: DurableRequests) {
    Task(executorPreference: executor) { durable.abandon(job.key) }
  }

  /// Queues what an earlier life accepted and did not answer.
  func restore(_ requests: [DurableRequests.Restored]) {
    for restored in requests {
      let digests = restored.content.digests
      let job = Job(
        request: restored.request, key: restored.key, digest: digests.request, route: nil,
        content: restored.content, imageDigest: digests.image, lane: restored.content.lane,
        arrival: restored.arrival, cost: restored.content.cost,
        progress: ProgressGate(
          id: restored.key.id, request: restored.request, router: router, publisher: publisher))
      guard queue.insert(job, isForced: true) else { continue }
      if let deadline = job.deadline { schedule(job, deadline) }
    }
    pump()
  }
}
