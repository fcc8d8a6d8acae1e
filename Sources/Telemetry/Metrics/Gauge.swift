import Synchronization

/// A value that goes up and down, by the values of up to two labels.
///
/// Made by ``MetricRegistry/gauge(_:_:labels:limit:)``. A gauge that is computed rather than kept
/// is set in a closure of ``MetricRegistry/collect(_:)``.
public final class Gauge: Sendable, Metric {
  final class Level: Sendable {
    /// The bit pattern of a Double: 0.0 at first.
    let bits = Atomic<UInt64>(0)
    var value: Double { Double(bitPattern: bits.load(ordering: .relaxed)) }

    func set(_ value: Double) { bits.store(value.bitPattern, ordering: .relaxed) }

    func add(_ amount: Double) {
      var old = bits.load(ordering: .relaxed)
      while true {
        let new = (Double(bitPattern: old) + amount).bitPattern
        let result = bits.weakCompareExchange(expected: old, desired: new, ordering: .relaxed)
        if result.exchanged { return }
        old = result.original
      }
    }
  }

  private let table: SeriesTable<Level>
  var declaration: MetricDeclaration { table.declaration }

  init(_ declaration: MetricDeclaration, limit: Int) {
    table = SeriesTable(declaration, limit: limit) { Level() }
  }

  public func set(_ value: Double) { table.series().set(value) }
  public func set(_ value: Double, _ label: String) { table.series(label).set(value) }
  public func set(_ value: Double, _ first: String, _ second: String) {
    table.series(first, second).set(value)
  }

  /// Adds to what is there; a negative amount lowers it.
  public func add(_ amount: Double) { table.series().add(amount) }
  public func add(_ amount: Double, _ label: String) { table.series(label).add(amount) }
  public func add(_ amount: Double, _ first: String, _ second: String) {
    table.series(first, second).add(amount)
  }

  /// The value now; 0 for label values that were never set.
  public func value(_ first: String = "", _ second: String = "") -> Double {
    table.known(LabelValues(first: first, second: second))?.value ?? 0
  }

  func write(to exposition: inout Exposition) {
    for (values, level) in table.all { exposition.sample(declaration, values, level.value) }
  }
}
