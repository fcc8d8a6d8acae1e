import BusProtocol
import Foundation
import JSONC
import Journal
import Logging
import ZeroMQ

/// The journal of durable requests as the dispatcher uses it. Calls wait for the disk: only from the
/// work executor.
struct DurableRequests: Sendable {
  var journal: RequestJournal
  var logger: Logger
  /// Told each time that the disk did not do as it should.
  var failed: @Sendable () -> Void = {}

  /// A request that kills the server each time is given up after so many tries.
  static let mostTries = 3

  /// What the journal says of a request before it is worked on.
  enum Acceptance: Sendable {
    /// On disk now.
    case accepted
    /// Answered in an earlier life.
    case answered([Frame])
  }

  /// Keeps a request, or finds that it was answered.
  ///
  /// - Throws: `id_conflict`; `busy` where the journal is full; `internal` where it fails.
  func accept(_ job: Job, frames: [Frame]) throws(ProtocolError) -> Acceptance {
    let (key, digest) = (Self.key(job.key), Self.digest(job.content))
    do {
      if let known = try journal.answer(for: key) {
        guard known.digest == digest else { throw ProtocolError.idConflict }
        return .answered(known.frames.map { Frame($0) })
      }
      try journal.accept(
        PendingRequest(
          key: key, request: job.request, digest: digest, frames: frames.map(\.bytes),
          arrival: Date(timeIntervalSinceNow: -(ContinuousClock.now - job.arrival).seconds)))
      return .accepted
    } catch let error as ProtocolError {
      throw error
    } catch {
      throw refusal(error)
    }
  }

  private func refusal(_ error: any Error) -> ProtocolError {
    failed()
    logger.error("the journal failed", metadata: ["error": "\(error)"])
    if (error as? JournalError)?.code == .full {
      return ProtocolError(
        .busy, "the journal is full: send without durable, or later",
        details: ["retry_after_ms": 10_000])
    }
    return ProtocolError(
      .internal, "the journal cannot be written: send without durable, or later")
  }

  /// - Returns: false where this request was tried too often.
  func begin(_ job: Job) -> Bool {
    do {
      return try journal.begin(Self.key(job.key)) <= Self.mostTries
    } catch {
      failed()
      logger.error("the journal failed", metadata: ["error": "\(error)"])
      // A try that is not counted is better than none.
      return true
    }
  }

  /// Keeps an answer, and what it publishes. Where that fails the request stays in the journal and
  /// is worked on again after a restart.
  func finish(_ job: Job, _ finished: Finished) {
    let key = Self.key(job.key)
    note {
      try journal.finish(
        key,
        answer: JournalAnswer(
          digest: Self.digest(job.content), frames: finished.frames.map(\.bytes), time: Date()),
        outgoing: finished.drafts.isEmpty
          ? nil
          : Outgoing(
            key: key, request: job.request, messages: finished.drafts.compactMap(\.kept)))
    }
  }

  /// A request that ended without an answer to keep.
  func abandon(_ key: RequestKey) { note { try journal.abandon(Self.key(key)) } }

  func note(_ body: () throws -> Void) {
    do {
      try body()
    } catch {
      failed()
      logger.error("the journal failed", metadata: ["error": "\(error)"])
    }
  }

  static func key(_ key: RequestKey) -> JournalKey {
    JournalKey(owner: key.owner.text, id: key.id)
  }

  /// Stable over restarts, which the digest of what is in flight is not.
  private static func digest(_ content: Request) -> [UInt8] {
    Array(content.fingerprint.description.utf8)
  }
}

extension DurableRequests {
  /// A request of an earlier life, parsed anew.
  struct Restored: Sendable {
    var content: Request
    var key: RequestKey
    var request: String
    var arrival: ContinuousClock.Instant
  }

  /// What was accepted and not answered, in the order of acceptance. What cannot be read any more, as
  /// by a server with lower limits, is logged and dropped.
  ///
  /// - Throws: `JournalError`.
  func restore(_ parser: MessageParser) throws -> [Restored] {
    try journal.pending().compactMap { pending in
      let key = RequestKey(owner: Owner(text: pending.key.owner), id: pending.key.id)
      do throws(Rejection) {
        return Restored(
          content: try parser.parse(frames: pending.frames.map { Payload($0) }), key: key,
          request: pending.request,
          arrival: .now - .seconds(max(0, -pending.arrival.timeIntervalSinceNow)))
      } catch {
        logger.error(
          "a durable request cannot be read any more",
          metadata: ["request": "\(pending.request)", "status": "\(error.error.code.rawValue)"])
        abandon(key)
        return nil
      }
    }
  }
}

extension Duration {
  var seconds: Double { milliseconds / 1000 }
}

extension ProtocolError {
  static let idConflict = ProtocolError(
    .idConflict, "this id was used with another content: give each request an id of its own")
}
