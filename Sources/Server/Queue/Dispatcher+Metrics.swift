import Journal
import SegSAM
import Telemetry

extension Dispatcher {
  /// What a scrape of the metrics shows besides what was counted.
  func snapshot(stream: Publisher, journals: OpenJournals) -> ServerSnapshot {
    let cache = work.engine.featureCache
    return ServerSnapshot(
      queueLength: queue.count, queueBytes: queue.bytes, inFlight: running.count,
      heldImages: images.number, heldImageBytes: images.bytes, storedAnswers: answers.number,
      storedAnswerBytes: answers.bytes, cacheBytes: cache.bytes, cacheHits: cache.hits,
      cacheMisses: cache.misses, streamPosition: stream.position, streamDropped: stream.dropped,
      journalBytes: stream.journal.bytes + (journals.requests?.bytes ?? 0),
      durablePending: journals.requests?.pendingCount ?? 0, isReady: !isDraining,
      uptimeSeconds: (ContinuousClock.now - birth).seconds)
  }
}

extension ServerMetrics {
  /// - Parameter timing: milliseconds by stage.
  func observe(stages timing: [String: Double]) {
    var total = 0.0
    for stage in InferenceStage.allCases {
      guard let time = timing[stage.rawValue] else { continue }
      stageSeconds.observe(time / 1000, stage.rawValue)
      total += time / 1000
    }
    if total > 0 { stageSeconds.observe(total, "total_inference") }
  }
}
