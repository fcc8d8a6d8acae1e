import Testing

@testable import Telemetry

@Suite(.timeLimit(.minutes(1)))
struct ServerMetricsTests {
  let metrics = ServerMetrics()

  @Test func theContract() {
    let declared = metrics.registry.declarations.map { declaration in
      let labels = declaration.labels.joined(separator: ",")
      return "\(declaration.kind) \(declaration.name){\(labels)}"
    }
    #expect(Set(declared) == Set(Contract.all))
    #expect(declared.count == Contract.all.count)
    #expect(Histogram.seconds.count == 15)
  }

  @Test func countedAsItHappens() async {
    metrics.requests.increment("segment", "ok")
    metrics.requests.increment("segment", "internal", by: 0)
    metrics.requestSeconds.observe(.milliseconds(20), "segment")
    metrics.stageSeconds.observe(.milliseconds(3), "decoders")
    metrics.batchSize.observe(4, "image_encoder")
    metrics.queueWaitSeconds.observe(.zero)
    let samples = Samples(await metrics.registry.exposition())
    #expect(samples[#"segsam_requests_total{method="segment",code="ok"}"#] == 1)
    #expect(samples[#"segsam_requests_total{method="segment",code="internal"}"#] == 0)
    #expect(samples[#"segsam_request_seconds_bucket{method="segment",le="0.01"}"#] == 0)
    #expect(samples[#"segsam_request_seconds_bucket{method="segment",le="0.025"}"#] == 1)
    #expect(samples[#"segsam_stage_seconds_count{stage="decoders"}"#] == 1)
    #expect(samples[#"segsam_batch_size_bucket{stage="image_encoder",le="2"}"#] == 0)
    #expect(samples[#"segsam_batch_size_bucket{stage="image_encoder",le="4"}"#] == 1)
    #expect(samples[#"segsam_queue_wait_seconds_bucket{le="0.0005"}"#] == 1)
    #expect(samples["segsam_journal_failures_total"] == 0)
  }

  /// Each value of the snapshot arrives under its own name.
  @Test func takenAtTheScrape() async {
    var samples = Samples(await metrics.registry.exposition())
    #expect(samples["segsam_ready"] == 0 && samples["segsam_queue_length"] == 0)
    metrics.snapshot = {
      ServerSnapshot(
        queueLength: 1, queueBytes: 2, inFlight: 3, heldImages: 4, heldImageBytes: 5,
        storedAnswers: 6, storedAnswerBytes: 7, cacheBytes: 8, cacheHits: 9, cacheMisses: 10,
        streamPosition: 11, streamDropped: 12, journalBytes: 13, durablePending: 14,
        isReady: true, uptimeSeconds: 15.5)
    }
    samples = Samples(await metrics.registry.exposition())
    let expected: [(String, Double)] = [
      ("segsam_queue_length", 1), ("segsam_queue_bytes", 2), ("segsam_in_flight", 3),
      ("segsam_held_images", 4), ("segsam_held_image_bytes", 5), ("segsam_stored_answers", 6),
      ("segsam_stored_answer_bytes", 7), ("segsam_feature_cache_bytes", 8),
      ("segsam_feature_cache_hits_total", 9), ("segsam_feature_cache_misses_total", 10),
      ("segsam_stream_position", 11), ("segsam_stream_dropped_total", 12),
      ("segsam_journal_bytes", 13), ("segsam_durable_pending", 14), ("segsam_ready", 1),
      ("segsam_uptime_seconds", 15.5),
    ]
    for (name, value) in expected { #expect(samples[name] == value, "\(name)") }
  }

  /// A server that does not answer is still scraped, with what was known, and asked once only.
  @Test func aSnapshotThatHangs() async {
    metrics.snapshot = { ServerSnapshot(queueLength: 5) }
    _ = await metrics.registry.exposition()
    let (gate, open) = AsyncStream.makeStream(of: Void.self)
    let asked = MetricRegistry().counter("asked_total", "How often.")
    metrics.snapshot = {
      asked.increment()
      for await _ in gate {}
      return ServerSnapshot(queueLength: 6)
    }
    for _ in 0..<3 {
      let text = await metrics.registry.exposition(within: .milliseconds(20))
      #expect(Samples(text)["segsam_queue_length"] == 5)
    }
    #expect(asked.value() <= 1)
    open.finish()
    // The hanging round ends; the scrape that joins it, or the one that begins anew, sees it.
    let text = await metrics.registry.exposition(within: .seconds(30))
    #expect(Samples(text)["segsam_queue_length"] == 6)
    #expect((1...2).contains(asked.value()))
  }

  @Test func scrapesAtOnce() async {
    metrics.snapshot = { ServerSnapshot(heldImages: 7) }
    await withTaskGroup { group in
      for _ in 0..<20 {
        group.addTask { [metrics] in
          let samples = Samples(await metrics.registry.exposition(within: .seconds(30)))
          #expect(samples["segsam_held_images"] == 7)
        }
      }
    }
  }
}

/// The names that dashboards and alerts outside may rely on.
enum Contract {
  static let all = [
    "counter segsam_requests_total{method,code}",
    "counter segsam_rejected_messages_total{}",
    "counter segsam_feature_cache_hits_total{}",
    "counter segsam_feature_cache_misses_total{}",
    "counter segsam_stream_messages_total{}",
    "counter segsam_stream_dropped_total{}",
    "counter segsam_journal_failures_total{}",
    "counter segsam_auth_denied_total{}",
    "gauge segsam_queue_length{}",
    "gauge segsam_queue_bytes{}",
    "gauge segsam_in_flight{}",
    "gauge segsam_held_images{}",
    "gauge segsam_held_image_bytes{}",
    "gauge segsam_stored_answers{}",
    "gauge segsam_stored_answer_bytes{}",
    "gauge segsam_feature_cache_bytes{}",
    "gauge segsam_stream_position{}",
    "gauge segsam_journal_bytes{}",
    "gauge segsam_durable_pending{}",
    "gauge segsam_ready{}",
    "gauge segsam_uptime_seconds{}",
    "gauge process_resident_memory_bytes{}",
    "gauge process_open_fds{}",
    "histogram segsam_queue_wait_seconds{}",
    "histogram segsam_request_seconds{method}",
    "histogram segsam_stage_seconds{stage}",
    "histogram segsam_batch_size{stage}",
  ]
}
