/// How many rows a table has and how many bytes they hold, known without looking.
struct Tally: Sendable, Hashable {
  var count = 0
  var bytes = 0

  mutating func add(_ cost: Int) {
    count += 1
    bytes += cost
  }

  mutating func remove(_ cost: Int) {
    count = max(0, count - 1)
    bytes = max(0, bytes - cost)
  }

  func fits(_ limit: Tally) -> Bool { count <= limit.count && bytes <= limit.bytes }

  /// Of a row beside its frames and names: numbers, headers, its part of the index.
  static let row = 128
}
