import Testing

@testable import Telemetry

/// The text of a scrape, against what is written by hand after the format's definition.
struct ExpositionTests {
  @Test func wholeText() async {
    let registry = MetricRegistry()
    let requests = registry.counter("app_requests_total", "Replies.", labels: ["method", "code"])
    let idle = registry.counter("app_idle_total", "Nothing so far.")
    let level = registry.gauge("app_level", "A level.")
    let seconds = registry.histogram(
      "app_seconds", "Times.", labels: ["method"], buckets: [0.0005, 0.5, 1, 10])
    let sizes = registry.histogram("app_size", "Sizes.", buckets: [1, 2])
    requests.increment("segment", "ok", by: 3)
    requests.increment("describe", "ok")
    requests.increment("segment", "busy")
    level.set(-2.5)
    for value in [0.0004, 0.25, 0.25, 1, 99] { seconds.observe(value, "segment") }
    let text = await registry.exposition()
    #expect(
      text == """
        # HELP app_requests_total Replies.
        # TYPE app_requests_total counter
        app_requests_total{method="describe",code="ok"} 1
        app_requests_total{method="segment",code="busy"} 1
        app_requests_total{method="segment",code="ok"} 3
        # HELP app_idle_total Nothing so far.
        # TYPE app_idle_total counter
        app_idle_total 0
        # HELP app_level A level.
        # TYPE app_level gauge
        app_level -2.5
        # HELP app_seconds Times.
        # TYPE app_seconds histogram
        app_seconds_bucket{method="segment",le="0.0005"} 1
        app_seconds_bucket{method="segment",le="0.5"} 3
        app_seconds_bucket{method="segment",le="1"} 4
        app_seconds_bucket{method="segment",le="10"} 4
        app_seconds_bucket{method="segment",le="+Inf"} 5
        app_seconds_sum{method="segment"} 100.5004
        app_seconds_count{method="segment"} 5
        # HELP app_size Sizes.
        # TYPE app_size histogram
        app_size_bucket{le="1"} 0
        app_size_bucket{le="2"} 0
        app_size_bucket{le="+Inf"} 0
        app_size_sum 0
        app_size_count 0

        """)
    #expect(idle.value() == 0 && sizes.count() == 0)
    #expect(await registry.exposition() == text)
  }

  @Test(arguments: [
    (#"a"b"#, #"a\"b"#),
    (#"a\b"#, #"a\\b"#),
    ("a\nb", #"a\nb"#),
    ("a\r\nb", "a\r\\nb"),
    (#"\n"#, #"\\n"#),
    ("", ""),
    ("Leber, 肝臓, e\u{301}", "Leber, 肝臓, e\u{301}"),
    ("}=,{", "}=,{"),
  ])
  func labelValuesAreEscaped(value: String, expected: String) async {
    let registry = MetricRegistry()
    registry.counter("a_total", "A.", labels: ["l"]).increment(value)
    let lines = await registry.exposition().utf8.split(separator: UInt8(ascii: "\n"))
    #expect(lines.count == 3)
    #expect(String(lines[2]) == "a_total{l=\"\(expected)\"} 1")
  }

  @Test func helpIsEscaped() async {
    let registry = MetricRegistry()
    _ = registry.gauge("a", "One \"line\"\nand a \\.")
    #expect(await registry.exposition().hasPrefix(#"# HELP a One "line"\nand a \\."# + "\n"))
  }

  @Test(arguments: [
    (0, "0"), (1, "1"), (-3, "-3"), (0.0005, "0.0005"), (2.5, "2.5"), (1e-7, "1e-07"),
    (4_294_967_296, "4294967296"), (.infinity, "+Inf"), (-.infinity, "-Inf"), (.nan, "NaN"),
  ])
  func numbers(value: Double, text: String) { #expect(value.exposed == text) }

  @Test func processMetricsAreReal() async throws {
    let registry = MetricRegistry()
    registry.collectProcess()
    let samples = Samples(await registry.exposition())
    let memory = try #require(samples["process_resident_memory_bytes"])
    #expect(memory > 1e6 && memory < 1e12)
    #expect(try #require(samples["process_open_fds"]) >= 3)
  }
}
