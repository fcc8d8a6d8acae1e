import Synchronization

/// A total that only grows, by the values of up to two labels.
///
/// Made by ``MetricRegistry/counter(_:_:labels:limit:)``. Any task may count at any time; a set of
/// label values that was seen before costs a look-up under a lock, and no allocation.
public final class Counter: Sendable, Metric {
  final class Total: Sendable {
    let value = Atomic<Int>(0)
  }

  private let table: SeriesTable<Total>
  var declaration: MetricDeclaration { table.declaration }

  init(_ declaration: MetricDeclaration, limit: Int) {
    table = SeriesTable(declaration, limit: limit) { Total() }
  }

  /// Adds to a counter without labels. A negative amount counts nothing.
  public func increment(by amount: Int = 1) { Self.add(amount, to: table.series()) }

  /// Adds under one label. An amount of 0 lets the series appear with 0.
  public func increment(_ label: String, by amount: Int = 1) {
    Self.add(amount, to: table.series(label))
  }

  /// Adds under two labels, in the order in which they were declared.
  public func increment(_ first: String, _ second: String, by amount: Int = 1) {
    Self.add(amount, to: table.series(first, second))
  }

  /// The total so far; 0 for label values that were never counted.
  public func value(_ first: String = "", _ second: String = "") -> Int {
    table.known(LabelValues(first: first, second: second))?.value.load(ordering: .relaxed) ?? 0
  }

  private static func add(_ amount: Int, to total: Total) {
    guard amount >= 0 else { return }
    total.value.wrappingAdd(amount, ordering: .relaxed)
  }

  /// Takes over a total that is counted elsewhere.
  func mirror(_ total: Int) { table.series().value.store(total, ordering: .relaxed) }

  func write(to exposition: inout Exposition) {
    for (values, total) in table.all {
      exposition.sample(declaration, values, total.value.load(ordering: .relaxed))
    }
  }
}
