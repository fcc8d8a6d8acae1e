import Synchronization

/// The series of one metric by the values of its labels, bounded in number.
///
/// A metric without labels has one series, found without a lock.
final class SeriesTable<Series: AnyObject & Sendable>: Sendable {
  let declaration: MetricDeclaration
  private let limit: Int
  private let make: @Sendable () -> Series
  private let plain: Series
  private let labelled = Mutex<[LabelValues: Series]>([:])

  /// - Parameters:
  ///   - limit: of sets of label values. What comes after is counted with all values "other".
  init(
    _ declaration: MetricDeclaration, limit: Int, make: @escaping @Sendable () -> Series
  ) {
    precondition(limit > 0, "\(declaration.name): no room for a series")
    self.declaration = declaration
    self.limit = limit
    self.make = make
    plain = make()
  }

  func series() -> Series {
    declaration.labels.isEmpty ? plain : series(.other(declaration.labels.count), labels: 0)
  }

  func series(_ value: String) -> Series { series(LabelValues(first: value), labels: 1) }

  func series(_ first: String, _ second: String) -> Series {
    series(LabelValues(first: first, second: second), labels: 2)
  }

  private func series(_ values: LabelValues, labels: Int) -> Series {
    let isRight = labels == declaration.labels.count
    // A slip in a program that runs is no reason to end it.
    assert(isRight, "\(declaration.name) has the labels \(declaration.labels)")
    let other = LabelValues.other(declaration.labels.count)
    let values = isRight && values.isShort ? values : other
    return labelled.withLock { table in
      if let known = table[values] { return known }
      let used = table.count - (table[other] == nil ? 0 : 1)
      let place = used < limit ? values : other
      if let known = table[place] { return known }
      let new = make()
      table[place] = new
      return new
    }
  }

  /// A series that was written to already.
  func known(_ values: LabelValues) -> Series? {
    declaration.labels.isEmpty ? plain : labelled.withLock { $0[values] }
  }

  /// By label values, so that scrapes list them alike.
  var all: [(values: LabelValues, series: Series)] {
    if declaration.labels.isEmpty { return [(LabelValues(), plain)] }
    let table = labelled.withLock { $0 }
    return table.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }
}
