import Foundation
import Journal
import Logging

/// The server's journals, opened.
struct OpenJournals: Sendable {
  var stream: StreamJournal
  /// nil without a folder.
  var requests: RequestJournal?

  /// Waits for the disk, but not on the cooperative pool.
  static func open(
    _ configuration: SegmentService.Configuration, on executor: WorkExecutor
  ) async throws(ServiceError) -> OpenJournals {
    let (folder, limits) = (configuration.journal, configuration.journalLimits)
    let opened = await Task(executorPreference: executor) {
      Result { () throws(JournalError) in
        OpenJournals(
          stream: try StreamJournal(folder: folder, limits: limits),
          requests: try folder.map { folder throws(JournalError) in
            try RequestJournal(folder: folder, limits: limits)
          })
      }
    }.value
    do {
      return try opened.get()
    } catch {
      throw ServiceError(.journal, error.message)
    }
  }

  /// Forgets what has expired.
  func sweep(_ logger: Logger) {
    // One that fails keeps the other from nothing.
    note(logger) { try stream.removeExpired(now: Date()) }
    if let requests { note(logger) { try requests.removeExpired(now: Date()) } }
  }

  private func note(_ logger: Logger, _ body: () throws -> Void) {
    do {
      try body()
    } catch {
      logger.error("the journal failed", metadata: ["error": "\(error)"])
    }
  }

  func close() {
    stream.close()
    requests?.close()
  }
}
