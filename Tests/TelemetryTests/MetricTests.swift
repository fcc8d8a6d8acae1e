import Testing

@testable import Telemetry

@Suite(.timeLimit(.minutes(1)))
struct MetricTests {
  let registry = MetricRegistry()

  @Test func aCounterGoesUpOnly() {
    let counter = registry.counter("a_total", "A.")
    counter.increment()
    counter.increment(by: 4)
    counter.increment(by: -3)
    #expect(counter.value() == 5)
  }

  @Test func anAmountOfZeroShowsTheSeries() async {
    let counter = registry.counter("a_total", "A.", labels: ["code"])
    counter.increment("internal", by: 0)
    #expect(Samples(await registry.exposition())[#"a_total{code="internal"}"#] == 0)
  }

  @Test func aGaugeGoesBothWays() {
    let gauge = registry.gauge("a", "A.", labels: ["stage"])
    gauge.set(3, "x")
    gauge.add(-4.5, "x")
    gauge.add(1, "y")
    #expect(gauge.value("x") == -1.5 && gauge.value("y") == 1 && gauge.value("z") == 0)
  }

  /// A value on a bound is within it; the next larger one is not.
  @Test(arguments: [
    (-1, "0.5"), (0, "0.5"), (0.5, "0.5"), (0.5.nextUp, "1"), (1, "1"), (1.0.nextUp, "30"),
    (30, "30"), (30.0.nextUp, "+Inf"), (1e300, "+Inf"),
  ])
  func bucketEdges(value: Double, bucket: String) async {
    let histogram = registry.histogram("a", "A.", buckets: [0.5, 1, 30])
    histogram.observe(value)
    let samples = Samples(await registry.exposition())
    let bounds = ["0.5", "1", "30", "+Inf"]
    let cumulative = bounds.map { samples["a_bucket{le=\"\($0)\"}"] }
    let first = bounds.firstIndex(of: bucket) ?? 0
    #expect(cumulative == bounds.indices.map { $0 >= first ? 1 : 0 })
    #expect(samples["a_count"] == 1 && samples["a_sum"] == value)
  }

  @Test(arguments: [Double.nan, .infinity, -.infinity])
  func whatIsNoNumberCountsNothing(value: Double) async {
    let histogram = registry.histogram("a", "A.")
    histogram.observe(value)
    #expect(histogram.count() == 0)
    #expect(Samples(await registry.exposition())["a_sum"] == 0)
  }

  @Test func timesAreSeconds() async {
    let histogram = registry.histogram("a", "A.", labels: ["method", "code"])
    histogram.observe(.milliseconds(1500), "m", "ok")
    histogram.observe(0.25, "m", "ok")
    let samples = Samples(await registry.exposition())
    #expect(samples[#"a_sum{method="m",code="ok"}"#] == 1.75)
    #expect(samples[#"a_bucket{method="m",code="ok",le="0.25"}"#] == 1)
    #expect(Duration.microseconds(500).inSeconds == 0.0005)
  }

  @Test func labelSetsAreBounded() async {
    let counter = registry.counter("a_total", "A.", labels: ["method", "code"], limit: 3)
    for index in 0..<10 { counter.increment("m\(index)", "ok") }
    counter.increment("m0", "ok")
    #expect(counter.value("m0", "ok") == 2 && counter.value("m2", "ok") == 1)
    #expect(counter.value("m3", "ok") == 0 && counter.value("other", "other") == 7)
    let series = await registry.exposition().split(separator: "\n").filter { !$0.hasPrefix("#") }
    #expect(series.count == 4)
  }

  @Test func anEarlyOtherTakesNoRoom() {
    let counter = registry.counter("a_total", "A.", labels: ["method"], limit: 2)
    counter.increment(String(repeating: "x", count: 129))
    for name in ["a", "b", "c", String(repeating: "y", count: 1 << 20)] { counter.increment(name) }
    #expect(counter.value("a") == 1 && counter.value("b") == 1 && counter.value("other") == 3)
  }

  @Test func theBoundHoldsForAllKinds() {
    let gauge = registry.gauge("g", "G.", labels: ["l"], limit: 1)
    let histogram = registry.histogram("h", "H.", labels: ["l"], limit: 1)
    for name in ["a", "b", "c"] {
      gauge.add(1, name)
      histogram.observe(1, name)
    }
    #expect(gauge.value("other") == 2 && histogram.count("other") == 2)
  }

  @Test func manyTasksLoseNothing() async {
    let plain = registry.counter("a_total", "A.")
    let labelled = registry.counter("b_total", "B.", labels: ["task", "kind"], limit: 8)
    let gauge = registry.gauge("c", "C.")
    let histogram = registry.histogram("d", "D.", labels: ["kind"], buckets: [1, 2])
    await withTaskGroup { group in
      for task in 0..<16 {
        group.addTask {
          for step in 0..<2000 {
            plain.increment()
            labelled.increment("t\(task)", step % 2 == 0 ? "even" : "odd", by: 2)
            gauge.add(step % 2 == 0 ? 1 : -0.5)
            histogram.observe(Double(step % 3) + 0.5, "k")
          }
        }
      }
      // Scrapes meanwhile see whole histograms.
      group.addTask { [registry] in
        for _ in 0..<50 {
          let samples = Samples(await registry.exposition())
          let all = samples[#"d_bucket{kind="k",le="+Inf"}"#]
          #expect(all == samples[#"d_count{kind="k"}"#])
        }
      }
    }
    #expect(plain.value() == 32_000)
    #expect(gauge.value() == 8000)
    #expect(histogram.count("k") == 32_000)
    let samples = Samples(await registry.exposition())
    // Of 2000 steps 667 give 0.5, 667 give 1.5 and 666 give 2.5.
    #expect(samples[#"d_bucket{kind="k",le="1"}"#] == 10_672)
    #expect(samples[#"d_bucket{kind="k",le="2"}"#] == 21_344)
    #expect(samples[#"d_sum{kind="k"}"#] == 47_984)
    let kept = (0..<16).flatMap { task in
      ["even", "odd"].map { labelled.value("t\(task)", $0) }
    }
    #expect(kept.filter { $0 > 0 }.count == 8)
    #expect(kept.reduce(labelled.value("other", "other"), +) == 64_000)
  }
}
