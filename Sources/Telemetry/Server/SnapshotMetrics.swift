/// The metrics that a snapshot fills at each scrape. Nothing else writes to them.
struct SnapshotMetrics: Sendable {
  private let write: @Sendable (ServerSnapshot) -> Void

  init(_ registry: MetricRegistry) {
    func counter(
      _ name: String, _ help: String, _ total: @escaping @Sendable (ServerSnapshot) -> Int
    ) -> @Sendable (ServerSnapshot) -> Void {
      let counter = registry.counter(name, help)
      return { counter.mirror(total($0)) }
    }
    func gauge(
      _ name: String, _ help: String, _ value: @escaping @Sendable (ServerSnapshot) -> Double
    ) -> @Sendable (ServerSnapshot) -> Void {
      let gauge = registry.gauge(name, help)
      return { gauge.set(value($0)) }
    }
    let writes = [
      counter("segsam_feature_cache_hits_total", "Images whose features were there.") {
        $0.cacheHits
      },
      counter("segsam_feature_cache_misses_total", "Images whose features were computed.") {
        $0.cacheMisses
      },
      counter("segsam_stream_dropped_total", "Messages of the stream that had to be dropped.") {
        $0.streamDropped
      },
      gauge("segsam_queue_length", "Requests that wait for the model.") {
        Double($0.queueLength)
      },
      gauge("segsam_queue_bytes", "Bytes that waiting requests hold.") { Double($0.queueBytes) },
      gauge("segsam_in_flight", "Requests that the model works on.") { Double($0.inFlight) },
      gauge("segsam_held_images", "Images held for further requests.") { Double($0.heldImages) },
      gauge("segsam_held_image_bytes", "Bytes of held images.") { Double($0.heldImageBytes) },
      gauge("segsam_stored_answers", "Answers kept for repeated requests.") {
        Double($0.storedAnswers)
      },
      gauge("segsam_stored_answer_bytes", "Bytes of kept answers.") {
        Double($0.storedAnswerBytes)
      },
      gauge("segsam_feature_cache_bytes", "Bytes of cached image features.") {
        Double($0.cacheBytes)
      },
      gauge("segsam_stream_position", "Sequence number of the stream's last message.") {
        Double($0.streamPosition)
      },
      gauge("segsam_journal_bytes", "Bytes of the journal.") { Double($0.journalBytes) },
      gauge("segsam_durable_pending", "Durable requests without an answer so far.") {
        Double($0.durablePending)
      },
      gauge("segsam_ready", "1 while requests are taken, else 0.") { $0.isReady ? 1 : 0 },
      gauge("segsam_uptime_seconds", "Seconds since the start.") { $0.uptimeSeconds },
    ]
    write = { snapshot in for write in writes { write(snapshot) } }
  }

  func set(_ snapshot: ServerSnapshot) { write(snapshot) }
}
