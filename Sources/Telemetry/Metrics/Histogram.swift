import Synchronization

/// How often values fell below each of fixed bounds, with their sum, by up to two labels.
///
/// Made by ``MetricRegistry/histogram(_:_:labels:buckets:limit:)``. Values of time are in seconds.
public final class Histogram: Sendable, Metric {
  /// Upper bounds for times, in seconds: from half a millisecond to half a minute.
  public static let seconds: [Double] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
  ]

  final class Distribution: Sendable {
    struct State {
      /// One for each bound, not cumulative, and one for what is above all.
      var counts: [Int]
      var sum = 0.0
    }

    let state: Mutex<State>

    init(bounds: Int) {
      state = Mutex(State(counts: Array(repeating: 0, count: bounds + 1)))
    }
  }

  private let bounds: [Double]
  private let table: SeriesTable<Distribution>
  var declaration: MetricDeclaration { table.declaration }

  init(_ declaration: MetricDeclaration, bounds: [Double], limit: Int) {
    precondition(
      bounds.allSatisfy(\.isFinite) && zip(bounds, bounds.dropFirst()).allSatisfy(<),
      "\(declaration.name): bounds go up, and +Inf is added to them")
    self.bounds = bounds
    table = SeriesTable(declaration, limit: limit) { Distribution(bounds: bounds.count) }
  }

  /// Counts a value. One that equals a bound is within it. Infinity and NaN, which would make the
  /// sum useless for ever, count nothing.
  public func observe(_ value: Double) { count(value, in: table.series()) }
  public func observe(_ value: Double, _ label: String) { count(value, in: table.series(label)) }
  public func observe(_ value: Double, _ first: String, _ second: String) {
    count(value, in: table.series(first, second))
  }

  /// Counts a time, as seconds.
  public func observe(_ time: Duration) { observe(time.inSeconds) }
  public func observe(_ time: Duration, _ label: String) { observe(time.inSeconds, label) }
  public func observe(_ time: Duration, _ first: String, _ second: String) {
    observe(time.inSeconds, first, second)
  }

  /// How many values were counted; 0 for label values that were never seen.
  public func count(_ first: String = "", _ second: String = "") -> Int {
    let known = table.known(LabelValues(first: first, second: second))
    return known?.state.withLock { $0.counts.reduce(0, +) } ?? 0
  }

  private func count(_ value: Double, in distribution: Distribution) {
    guard value.isFinite else { return }
    // A dozen bounds: faster from the left than by halves, and most times are short.
    var bucket = 0
    while bucket < bounds.count, value > bounds[bucket] { bucket += 1 }
    distribution.state.withLock { state in
      state.counts[bucket] += 1
      state.sum += value
    }
  }

  func write(to exposition: inout Exposition) {
    for (values, distribution) in table.all {
      let state = distribution.state.withLock { $0 }
      exposition.histogram(
        declaration, values, bounds: bounds, counts: state.counts, sum: state.sum)
    }
  }
}

extension Duration {
  /// Rounded once: attoseconds of a whole microsecond, and 10^18, are exact.
  var inSeconds: Double { self / .seconds(1) }
}
