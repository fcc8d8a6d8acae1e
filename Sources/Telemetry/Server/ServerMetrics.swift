import Synchronization

/// All metrics of a server.
///
/// The server counts events through the properties as they happen. What it holds at a moment comes
/// through ``snapshot`` at each scrape. Names and values carry no data of a patient and no key.
public final class ServerMetrics: Sendable {
  public let registry: MetricRegistry

  /// `segsam_requests_total`: each final reply, by method and by "ok" or the code of its error.
  public let requests: Counter
  /// `segsam_rejected_messages_total`: messages that were no requests.
  public let rejectedMessages: Counter
  /// `segsam_stream_messages_total`: messages that went into the stream.
  public let streamMessages: Counter
  /// `segsam_journal_failures_total`: writes to the journal that failed.
  public let journalFailures: Counter
  /// `segsam_auth_denied_total`: connections and requests that a key did not allow.
  public let authDenied: Counter

  /// `segsam_queue_wait_seconds`: from a request's arrival to the model's start on it.
  public let queueWaitSeconds: Histogram
  /// `segsam_request_seconds`: from a request's arrival to its final reply, by method.
  public let requestSeconds: Histogram
  /// `segsam_stage_seconds`: by stage, "image_encoder", "decoders" or "total_inference".
  public let stageSeconds: Histogram
  /// `segsam_batch_size`: how many requests one run of a stage served, by stage.
  public let batchSize: Histogram

  private let source: Source

  private final class Source: Sendable {
    let snapshot = Mutex<(@Sendable () async -> ServerSnapshot)?>(nil)
  }

  /// Gives the server's state at each scrape. Until it is set, all that comes from it is 0.
  ///
  /// A scrape waits for it for two seconds at most, and rounds do not overlap.
  public var snapshot: (@Sendable () async -> ServerSnapshot)? {
    get { source.snapshot.withLock { $0 } }
    set { source.snapshot.withLock { $0 = newValue } }
  }

  public init(registry: MetricRegistry = MetricRegistry()) {
    self.registry = registry
    requests = registry.counter(
      "segsam_requests_total", "Final replies by method and code.", labels: ["method", "code"],
      limit: 256)
    rejectedMessages = registry.counter(
      "segsam_rejected_messages_total", "Messages that were no requests.")
    streamMessages = registry.counter(
      "segsam_stream_messages_total", "Messages of the stream.")
    journalFailures = registry.counter(
      "segsam_journal_failures_total", "Writes to the journal that failed.")
    authDenied = registry.counter(
      "segsam_auth_denied_total", "Connections and requests that no key allowed.")
    queueWaitSeconds = registry.histogram(
      "segsam_queue_wait_seconds", "Seconds that requests waited for the model.")
    requestSeconds = registry.histogram(
      "segsam_request_seconds", "Seconds from a request to its final reply, by method.",
      labels: ["method"])
    stageSeconds = registry.histogram(
      "segsam_stage_seconds", "Seconds of inference by stage.", labels: ["stage"])
    batchSize = registry.histogram(
      "segsam_batch_size", "Requests that were computed together, by stage.", labels: ["stage"],
      buckets: [1, 2, 4, 8, 16, 32])
    source = Source()

    let held = SnapshotMetrics(registry)
    registry.collect { [source] in
      guard let snapshot = source.snapshot.withLock({ $0 }) else { return }
      held.set(await snapshot())
    }
    registry.collectProcess()
  }
}
