import Synchronization

/// The metrics of a program, and their text for a scrape in the order of their making.
///
/// Names are declared once, in source code; a wrong or a second declaration ends the program.
public final class MetricRegistry: Sendable {
  /// The media type of ``exposition(within:)``.
  public static let contentType = "text/plain; version=0.0.4; charset=utf-8"

  private let metrics = Mutex<[any Metric]>([])
  private let collectors = Collectors()

  public init() {}

  /// Makes a counter.
  ///
  /// - Parameters:
  ///   - help: one sentence on what is counted.
  ///   - labels: their names, at most two.
  ///   - limit: of sets of label values; what comes after has the values "other".
  public func counter(
    _ name: String, _ help: String, labels: [String] = [], limit: Int = 64
  ) -> Counter {
    add(Counter(MetricDeclaration(name, help, .counter, labels: labels), limit: limit))
  }

  /// Makes a gauge; parameters as for a counter.
  public func gauge(
    _ name: String, _ help: String, labels: [String] = [], limit: Int = 64
  ) -> Gauge {
    add(Gauge(MetricDeclaration(name, help, .gauge, labels: labels), limit: limit))
  }

  /// Makes a histogram; parameters as for a counter.
  ///
  /// - Parameters:
  ///   - buckets: upper bounds, going up; `+Inf` is added.
  public func histogram(
    _ name: String, _ help: String, labels: [String] = [],
    buckets: [Double] = Histogram.seconds, limit: Int = 64
  ) -> Histogram {
    let declaration = MetricDeclaration(name, help, .histogram, labels: labels)
    return add(Histogram(declaration, bounds: buckets, limit: limit))
  }

  /// Adds a closure that runs at each scrape, to set what is computed then.
  public func collect(_ body: @escaping @Sendable () async -> Void) { collectors.add(body) }

  /// Runs the collectors and renders all metrics.
  ///
  /// - Parameters:
  ///   - limit: how long to wait for the collectors. What they have not set by then has the value
  ///     of the scrape before, so that a program that hangs can still be watched.
  public func exposition(within limit: Duration = .seconds(2)) async -> String {
    await collectors.run(within: limit)
    var exposition = Exposition()
    for metric in metrics.withLock({ $0 }) {
      exposition.begin(metric.declaration)
      metric.write(to: &exposition)
    }
    return exposition.text
  }

  var declarations: [MetricDeclaration] { metrics.withLock { $0.map(\.declaration) } }

  private func add<M: Metric>(_ metric: M) -> M {
    let name = metric.declaration.name
    metrics.withLock { metrics in
      precondition(metrics.allSatisfy { $0.declaration.name != name }, "\(name) is there already")
      metrics.append(metric)
    }
    return metric
  }
}
